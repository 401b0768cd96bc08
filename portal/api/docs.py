"""The OpenAPI document, its docs page, and the answer for addresses that do not exist."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.permissions import AllowAny
from rest_framework.request import Request as Call

from portal.api.base import Endpoint


class Schema(SpectacularAPIView):
    """The OpenAPI document as JSON; as YAML with `Accept: application/vnd.oai.openapi`. It holds no data."""

    renderer_classes = [OpenApiJsonRenderer, OpenApiYamlRenderer]  # noqa: RUF012 - as the base declares it
    permission_classes = (AllowAny,)
    authentication_classes = ()


class Docs(SpectacularSwaggerSplitView):
    """The docs page, under the house's own Content-Security-Policy: scripts and styles are files of ours."""

    template_name = "api/docs.html"
    permission_classes = (AllowAny,)
    authentication_classes = ()
    url_name = "api-schema"


@extend_schema(exclude=True)
class NotThere(Endpoint):
    """Every other address below /api/v1/, whatever the verb."""

    permission_classes = (AllowAny,)
    authentication_classes = ()

    def initial(self, request: Call, *args: Any, **kwargs: Any) -> None:
        """Count the call, then say so. A missing slash is named: a redirect would lose the body."""
        super().initial(request, *args, **kwargs)
        if request.path.endswith("/"):
            raise NotFound
        raise NotFound(_("Addresses of the API end in a slash: %(path)s/") % {"path": request.path})
