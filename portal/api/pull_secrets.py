"""Secrets of registries that do not take Purser's pull token, for whoever holds the access."""

from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.lifecycle.selectors import grants_visible_to, with_bundle
from portal.api.base import Endpoint, acting, body, found, moment, viewer_of
from portal.api.permissions import SignedInBrowser
from portal.api.schema import browser_only, example, operation
from portal.api.serializers.grants import PullSecretBody, PullSecretSerializer
from portal.edges.pull_secrets import pull_secret

AT_HARBOR = example("At Harbor", {"target": "harbor"}, request=True)
SHOWN = example(
    "Shown this once (shortened)",
    {"target": "harbor", "username": "robot$purser-person-12", "secret": "Zt9…", "expires": "2027-01-04T00:00:00Z"},
    status=201,
)  # fmt: skip


class PullSecret(Endpoint):
    """One's own secret at a system."""

    # A stolen API token must not get what outlives it: a robot's secret works until the access ends.
    permission_classes = (SignedInBrowser,)

    @browser_only
    @operation(
        "grants_pull_secret",
        "Get your secret at a system",
        body=PullSecretBody,
        answer=PullSecretSerializer,
        status=201,
        problems=(403, 404, 409, 422),
        examples=[AT_HARBOR, SHOWN],
    )
    def post(self, request: Call, pk: int) -> Response:
        """Get what you sign in with where your pull token is not taken: shown this once, in a signed-in browser.

        For holders of the access only. At Harbor the secret of your robot, which ends the one before; at Google an
        access token for ten minutes.
        """
        viewer = viewer_of(request)
        grant = found(with_bundle(grants_visible_to(viewer)), pk=pk)
        target = body(request, PullSecretBody)["target"]
        made = pull_secret(grant=grant, target=target, person=viewer.person, by=acting(request), now=moment())
        return Response(PullSecretSerializer(made).data, status=201)
