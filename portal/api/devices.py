"""Sign-in of programs without a browser (RFC 8628), and the registries their pull tokens are for."""

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.catalogue.models import Registry
from portal.accounts.devices import LIFE, fetch_token, start_device
from portal.accounts.errors import DeviceError
from portal.api.base import Endpoint, body, moment, query, rendered
from portal.api.paging import listing
from portal.api.parsers import StrictJSONParser
from portal.api.problems import problem
from portal.api.schema import example, operation, pages_of
from portal.api.serializers.common import PageQuery
from portal.api.serializers.devices import (
    DeviceBody,
    DeviceSerializer,
    DeviceTokenBody,
    DeviceTokenSerializer,
    RegistrySerializer,
)
from portal.api.throttling import PersonThrottle, address_of

ON_A_LAPTOP = example("A laptop", {"client_name": "purser on lena-laptop"}, request=True)


class StartThrottle(PersonThrottle):
    """Sign-ins begun by one address."""

    rate = "20/min"

    def get_cache_key(self, request: Call, view: Any) -> str:
        """Count the address: nobody is signed in here."""
        return f"throttle:device:{address_of(request)}"


class _OfDevice(Endpoint):
    """Open to everybody; reads JSON, and forms as RFC 8628 has them."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    parser_classes = (StrictJSONParser, FormParser)


class Device(_OfDevice):
    """Beginning a sign-in."""

    throttle_classes = (StartThrottle,)

    @operation(
        "device_start", "Begin a sign-in without a browser", body=DeviceBody, answer=DeviceSerializer,
        examples=[ON_A_LAPTOP],
    )  # fmt: skip
    def post(self, request: Call) -> Response:
        """Ask for a pair of codes (RFC 8628): show the person theirs, keep the device's and fetch the token with it."""
        client = body(request, DeviceBody)["client_name"]
        row, device_code, user_code = start_device(client=client, address=address_of(request), now=moment())
        page = request.build_absolute_uri(reverse("device"))
        parts = {
            "device_code": device_code,
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'code': user_code})}",
            "expires_in": int(LIFE.total_seconds()),
            "interval": row.interval,
        }
        return Response(parts)


class DeviceToken(_OfDevice):
    """Fetching the token."""

    @operation(
        "device_token", "Fetch the token of a sign-in", body=DeviceTokenBody, answer=DeviceTokenSerializer
    )
    def post(self, request: Call) -> Response:
        """Fetch the API token once the person allowed it. Until then a problem whose `error` is one of RFC 8628."""
        code, now = body(request, DeviceTokenBody)["device_code"], moment()
        try:
            token, secret = fetch_token(device_code=code, now=now)
        except DeviceError as error:
            return problem(400, error.code, str(error.message), error=error.code)
        parts = {
            "access_token": secret,
            "token_type": "Bearer",
            "expires_in": int((token.expires_at - now).total_seconds()),
            "id": token.pk,
        }
        return Response(parts)


class Registries(Endpoint):
    """Registries."""

    @operation("registries_list", "List registries", answer=pages_of(RegistrySerializer), query=PageQuery)
    def get(self, request: Call) -> Response:
        """List the registries that images are pulled from, and for which of them a pull token of yours counts."""
        asked = query(request, PageQuery)
        rows = Registry.objects.order_by("pk")
        return listing(request, rows, _registries, cursor=asked["cursor"], limit=asked["limit"])


def _registries(rows: Any) -> list[Any]:
    return rendered(RegistrySerializer, rows)
