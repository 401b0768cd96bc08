"""Access: list, read, give back, lengthen, take away, try again."""

from collections.abc import Callable, Sequence
from typing import Any

from rest_framework.request import Request as Call
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from grants.delivery.permissions import retry_refusal
from grants.delivery.retrying import retry_now
from grants.delivery.selectors import deliveries_of
from grants.lifecycle import services
from grants.lifecycle.models import Grant
from grants.lifecycle.permissions import refusal
from grants.lifecycle.selectors import grants_visible_to, with_bundle
from grants.tracker.selectors import endings_of
from portal.api.addresses import addresses_of, written
from portal.api.base import Endpoint, acting, body, found, moment, query, viewer_of
from portal.api.paging import listing
from portal.api.schema import example, operation, pages_of
from portal.api.serializers.common import Empty, NoteBody
from portal.api.serializers.grants import (
    ExtendBody,
    GrantQuery,
    GrantSerializer,
    RetriedSerializer,
    RevokeBody,
)

PLAIN = [
    "status",
    "role",
    "environment",
    "starts",
    "ends",
    "end_reason",
    "end_note",
    "activated_at",
    "ended_at",
]
CHANGES = (403, 404, 409, 422)
LONGER = example("Until spring", {"ends": "2027-03-01T00:00:00Z"}, request=True)
WHY = example("Why", {"note": "The data set was withdrawn"}, request=True)


class Grants(Endpoint):
    """The access one may see."""

    @operation("grants_list", "List access", answer=pages_of(GrantSerializer), query=GrantQuery)
    def get(self, request: Call) -> Response:
        """List the access you may see, newest first; `?request=` finds what came of a request."""
        asked = query(request, GrantQuery)
        wanted = {
            "origin": f"request:{asked['request']}" if "request" in asked else None,
            "project__key": asked.get("project"),
            "status": asked.get("status"),
            "members__person": asked.get("person"),
        }
        narrowed = {name: value for name, value in wanted.items() if value is not None}
        rows = with_bundle(grants_visible_to(viewer_of(request)).filter(**narrowed)).order_by("-pk")
        return listing(request, rows, rendered, cursor=asked["cursor"], limit=asked["limit"])


class OneGrant(Endpoint):
    """One bundle of access."""

    @operation("grants_retrieve", "Read access", answer=GrantSerializer, problems=(404,))
    def get(self, request: Call, pk: int) -> Response:
        """Read who holds what, until when, and how far each line is."""
        return Response(_shown(request, pk))


class Return(Endpoint):
    """Giving access back."""

    @operation("grants_return", "Give access back", body=NoteBody, answer=GrantSerializer, problems=CHANGES)
    def post(self, request: Call, pk: int) -> Response:
        """End access before its time; for leads of the team and administrators."""
        return _changed(request, pk, services.give_back, NoteBody)


class Extend(Endpoint):
    """Lengthening access."""

    @operation(
        "grants_extend",
        "Lengthen access",
        body=ExtendBody,
        answer=GrantSerializer,
        problems=CHANGES,
        examples=[LONGER],
    )
    def post(self, request: Call, pk: int) -> Response:
        """Move the end to a later time; for approvers and administrators outside the team."""
        return _changed(request, pk, services.extend, ExtendBody)


class Revoke(Endpoint):
    """Taking access away."""

    @operation(
        "grants_revoke",
        "Take access away",
        body=RevokeBody,
        answer=GrantSerializer,
        problems=CHANGES,
        examples=[WHY],
    )
    def post(self, request: Call, pk: int) -> Response:
        """End access at once; for administrators and approvers of the security lane."""
        return _changed(request, pk, services.revoke, RevokeBody)


class Retry(Endpoint):
    """Trying failing lines again."""

    @operation("grants_retry", "Try again now", body=Empty, answer=RetriedSerializer, problems=(403, 404))
    def post(self, request: Call, pk: int) -> Response:
        """Try failing lines again now; for leads of the team and administrators."""
        viewer = viewer_of(request)
        grant = found(grants_visible_to(viewer).select_related("project"), pk=pk)
        if refused := retry_refusal(grant, viewer):
            raise refused
        body(request, Empty)
        return Response({"lines": retry_now(grant=grant, by=acting(request), now=moment())})


def rendered(grants: Sequence[Grant]) -> list[Any]:
    """Grants read by `with_bundle`, as the API shows them: four more queries, however many."""
    deliveries = deliveries_of(grants)
    addresses = addresses_of(row.person_id for grant in grants for row in grant.members.all())
    endings = endings_of({grant.project for grant in grants if grant.live})
    rows = [
        _row(grant, addresses)
        | {
            "deliveries": deliveries[grant.pk],
            "ending": endings.get(grant.project_id, "") if grant.live else "",
        }
        for grant in grants
    ]
    return list(GrantSerializer(rows, many=True).data)


def _row(grant: Grant, addresses: dict[int, str]) -> dict[str, Any]:
    people, images = list(grant.members.all()), list(grant.images.all())
    origin, _colon, number = grant.origin.partition(":")
    return {name: getattr(grant, name) for name in PLAIN} | {
        "id": grant.pk,
        "project": grant.project.key,
        "team": grant.project.team.key,
        "request": int(number) if origin == "request" and number.isdecimal() else None,
        "members": [written(row.person, addresses) for row in people if row.removed_at is None],
        "images": [_reference(row) for row in images if row.removed_at is None],
        "people": people,
        "bundle": images,
    }


def _reference(row: Any) -> str:
    reference = row.image.reference
    return f"{reference}:{row.tag}" if row.tag else f"{reference}@{row.digest}" if row.digest else reference


def _shown(request: Call, pk: int) -> Any:
    return rendered([found(with_bundle(grants_visible_to(viewer_of(request))), pk=pk)])[0]


def _changed(request: Call, pk: int, act: Callable[..., Grant], kind: type[Serializer[Any]]) -> Response:
    viewer = viewer_of(request)
    grant = found(grants_visible_to(viewer).select_related("project"), pk=pk)
    # The service asks the person's standing; a token may reach less far than its person.
    if refused := refusal(act.__name__, grant=grant, viewer=viewer):
        raise refused
    act(grant=grant, by=acting(request), now=moment(), **body(request, kind))
    return Response(_shown(request, pk))
