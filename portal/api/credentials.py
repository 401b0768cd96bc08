"""Pull credentials: one's own, and those of robots one may see."""

from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.tokens import services
from grants.tokens.permissions import ending_refusal
from grants.tokens.selectors import credentials_visible_to
from portal.api.base import Endpoint, acting, body, found, moment, query, viewer_of
from portal.api.paging import listing
from portal.api.projects import credentials, new_credential
from portal.api.schema import example, operation, pages_of
from portal.api.serializers.directory import (
    CredentialBody,
    CredentialQuery,
    CredentialSerializer,
    NewCredentialSerializer,
)

HALF_A_DAY = example("For half a day", {"hours": 12}, request=True)
SECRET = example(
    "Shown this once (shortened)",
    {"id": 31, "username": "bob", "secret": "purp_…", "expires": "2026-11-20T22:00:00Z"},
    status=201,
)


class Credentials(Endpoint):
    """Pull credentials."""

    @operation(
        "credentials_list",
        "List pull credentials",
        answer=pages_of(CredentialSerializer),
        query=CredentialQuery,
    )
    def get(self, request: Call) -> Response:
        """List yours, those of robots you lead, or all for auditors and administrators; never the secrets."""
        asked = query(request, CredentialQuery)
        rows = credentials_visible_to(viewer_of(request)).order_by("-pk")
        if "person" in asked:
            rows = rows.filter(person=asked["person"])
        if asked["live"]:
            rows = rows.filter(revoked_at=None, expires_at__gt=moment())
        return listing(request, rows, credentials, cursor=asked["cursor"], limit=asked["limit"])

    @operation(
        "credentials_create",
        "Make a pull token",
        body=CredentialBody,
        answer=NewCredentialSerializer,
        status=201,
        problems=(422,),
        examples=[HALF_A_DAY, SECRET],
    )
    def post(self, request: Call) -> Response:
        """Make a pull token of your own for `docker login` and `skopeo login`. Its secret is shown this once."""
        hours = body(request, CredentialBody)["hours"]
        made, secret = services.create_personal(
            person=viewer_of(request).person, hours=hours, by=acting(request), now=moment()
        )
        return Response(new_credential(made, secret), status=201)


class OneCredential(Endpoint):
    """One pull credential."""

    @operation("credentials_delete", "End a pull credential", answer=None, status=204, problems=(403, 404))
    def delete(self, request: Call, pk: int) -> Response:
        """Refuse the secret from now on; harmless to repeat."""
        credential = found(credentials_visible_to(viewer_of(request)), pk=pk)
        if refused := ending_refusal(credential, viewer_of(request)):
            raise refused
        services.revoke_credential(credential=credential, by=acting(request), now=moment())
        return Response(status=204)
