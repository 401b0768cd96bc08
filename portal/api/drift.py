"""Drift: list, read and decide; look at a target now; let held removals go on."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.delivery.drift_decisions import ask_for_scan, decide_drift, refusal_to_decide, release_leftovers
from grants.delivery.drift_selectors import drift_visible_to
from grants.delivery.models import TargetScan
from grants.delivery.targets import Target, target_of
from portal.api.base import (
    Endpoint,
    acting,
    body,
    found,
    moment,
    query,
    rendered,
    require_administrator,
    viewer_of,
)
from portal.api.paging import listing
from portal.api.schema import example, operation, pages_of
from portal.api.serializers.common import Empty
from portal.api.serializers.drift import (
    AskedSerializer,
    DriftDecisionBody,
    DriftQuery,
    DriftSerializer,
    ReleasedSerializer,
    RemovalsBody,
)

COLUMNS = {"target": "target", "kind": "what", "state": "state"}
PUT_RIGHT = example("Put right", {"decision": "revert", "reason": "Terraform is mended"}, request=True)


class Drifts(Endpoint):
    """What differs at targets from what was granted."""

    @operation("drift_list", "List differences", answer=pages_of(DriftSerializer), query=DriftQuery)
    def get(self, request: Call) -> Response:
        """List differences, those seen last first; leads see those at places of their projects alone."""
        asked = query(request, DriftQuery)
        wanted = {column: asked[name] for name, column in COLUMNS.items() if name in asked}
        rows = drift_visible_to(viewer_of(request)).filter(**wanted)
        return listing(request, rows, _shown, cursor=asked["cursor"], limit=asked["limit"])


class OneDrift(Endpoint):
    """One difference."""

    @operation("drift_retrieve", "Read a difference", answer=DriftSerializer, problems=(404,))
    def get(self, request: Call, pk: int) -> Response:
        """Read what is wanted, what was seen, and what was decided."""
        return Response(_shown([found(drift_visible_to(viewer_of(request)), pk=pk)])[0])


class Decide(Endpoint):
    """Deciding about a difference."""

    @operation(
        "drift_decide",
        "Decide about a difference",
        body=DriftDecisionBody,
        answer=DriftSerializer,
        problems=(403, 404, 422),
        examples=[PUT_RIGHT],
    )
    def post(self, request: Call, pk: int) -> Response:
        """Put it right, accept it, or ignore it for at most 30 days; for administrators."""
        viewer = viewer_of(request)
        row = found(drift_visible_to(viewer), pk=pk)
        if refused := refusal_to_decide(viewer):
            raise refused
        given = body(request, DriftDecisionBody)
        return Response(_shown([decide_drift(drift=row, by=acting(request), now=moment(), **given)])[0])


class Scan(Endpoint):
    """Looking at a target."""

    @operation(
        "targets_scan", "Look now", body=Empty, answer=AskedSerializer, status=202, problems=(403, 404, 409)
    )
    def post(self, request: Call, key: str) -> Response:
        """Have a target looked at as soon as a worker comes to it; for administrators."""
        require_administrator(viewer_of(request))
        body(request, Empty)
        last = TargetScan.objects.filter(target=key).values_list("finished_at", flat=True).first()
        ask_for_scan(target=_target(key), by=acting(request), now=moment())
        return Response(AskedSerializer({"target": key, "last_finished_at": last}).data, status=202)


class Release(Endpoint):
    """Letting held removals go on."""

    @operation(
        "targets_release",
        "Let held removals go on",
        body=RemovalsBody,
        answer=ReleasedSerializer,
        problems=(403, 404, 422),
    )
    def post(self, request: Call, key: str) -> Response:
        """Remove what no grant gives although it is much; for administrators, with a reason."""
        require_administrator(viewer_of(request))
        given = body(request, RemovalsBody)
        count = release_leftovers(target=_target(key), by=acting(request), now=moment(), **given)
        return Response({"released": count})


def _shown(rows: list[Any]) -> list[Any]:
    return rendered(DriftSerializer, rows)


def _target(key: str) -> Target:
    target = target_of(key)
    if target is None:
        raise Http404
    return target
