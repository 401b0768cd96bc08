"""What every endpoint of the API shares: who asks, what was sent, how answers are kept out of caches."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import Http404, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext_lazy as _
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from audit.ledger.actors import Actor
from grants.directory.actors import actor_for
from grants.directory.standing import Standing
from portal.api.errors import NotAllowed
from portal.api.negotiation import ByAcceptHeader
from portal.api.parsers import StrictJSONParser

Row = TypeVar("Row", bound=Model)
LARGEST_KEY = 2**63 - 1


class Endpoint(APIView):
    """An address of the API. Every call is counted before it is judged; no answer may be kept in a cache."""

    parser_classes: Sequence[type[BaseParser]] = (StrictJSONParser,)
    content_negotiation_class = ByAcceptHeader

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Negotiate, sign in, count, judge. Refused sign-ins are counted too, against the address."""
        self.format_kwarg = None
        request.accepted_renderer, request.accepted_media_type = self.perform_content_negotiation(request)
        try:
            self.perform_authentication(request)
        finally:
            self.check_throttles(request)
        self.check_permissions(request)

    def finalize_response(  # type: ignore[override]  # downloads are no Response of the framework
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Forbid caches, and say what the answer depends on."""
        final = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[arg-type]
        final.headers["Cache-Control"] = "no-store"
        patch_vary_headers(final, ["Accept", "Authorization", "Cookie"])
        return final


def viewer_of(request: Request) -> Standing:
    """Who asks, as far as their token reaches. Only behind `ActivePerson`."""
    return cast(Standing, request._request.viewer)  # type: ignore[attr-defined]  # noqa: SLF001 - set by sign-in


def acting(request: Request) -> Actor:
    """The caller as the actor of a change."""
    return actor_for(viewer_of(request).person)


def moment() -> datetime:
    """The time of this call."""
    return timezone.now()


def body(request: Request, kind: type[Serializer[Any]], *, partial: bool = False) -> dict[str, Any]:
    """The checked body. Raises ValidationError with every fault, unknown fields included."""
    serializer = kind(data=request.data, partial=partial)
    serializer.is_valid(raise_exception=True)
    return cast(dict[str, Any], serializer.validated_data)


def query(request: Request, kind: type[Serializer[Any]]) -> dict[str, Any]:
    """The checked query parameters. Raises ValidationError with every fault, unknown parameters included."""
    serializer = kind(data=request.query_params.dict())
    serializer.is_valid(raise_exception=True)
    return cast(dict[str, Any], serializer.validated_data)


def found(rows: QuerySet[Row], **key: Any) -> Row:
    """The one row of those the caller may see. Raises Http404 for what is not there or not theirs to see."""
    row = rows.filter(**key).first() if all(_possible(value) for value in key.values()) else None
    if row is None:
        raise Http404
    return row


def rendered(kind: type[Serializer[Any]], rows: Iterable[Any]) -> list[Any]:
    """The rows as this serializer shows them."""
    return list(kind(rows, many=True).data)


def require_administrator(viewer: Standing) -> None:
    """Raise NotAllowed `not_an_administrator` for anybody else, and for tokens without the scope `admin`."""
    if not viewer.is_administrator:
        raise NotAllowed("not_an_administrator", _("Only administrators can do this."))


def _possible(value: Any) -> bool:
    return not isinstance(value, int) or 0 <= value <= LARGEST_KEY
