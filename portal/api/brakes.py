"""What the brake holds back, and the end of a project's access: read, released, refused, put on hold."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.directory.models import Project
from grants.directory.selectors import projects_visible_to
from grants.lifecycle.holds import refuse, release
from grants.lifecycle.models import Hold
from grants.lifecycle.selectors import grants_of_hold, holds_visible_to
from grants.tracker.pausing import latest_end, pause, pausing_refusal, resume
from grants.tracker.selectors import preview_of, state_of
from grants.tracker.states import WindDownState
from portal.api.base import (
    Endpoint,
    acting,
    body,
    found,
    moment,
    query,
    require_administrator,
    viewer_of,
)
from portal.api.errors import NotAllowed
from portal.api.paging import listing
from portal.api.schema import operation, pages_of
from portal.api.serializers.brakes import (
    BrakeQuery,
    BrakeSerializer,
    DecideBody,
    EndingSerializer,
    HoldBody,
    ReleaseBody,
)

MOST_GRANTS = 1_000


class Brakes(Endpoint):
    """What the brake holds back and held."""

    @operation(
        "brakes_list",
        "List what the brake stopped",
        answer=pages_of(BrakeSerializer),
        query=BrakeQuery,
        problems=(403,),
    )
    def get(self, request: Call) -> Response:
        """List endings of many grants that were held back; for auditors and administrators."""
        _require_reader(request)
        asked = query(request, BrakeQuery)
        rows = holds_visible_to(viewer_of(request))
        rows = rows.filter(state=asked["state"]) if asked["state"] else rows
        return listing(request, rows, _shown, cursor=asked["cursor"], limit=asked["limit"])


class OneBrake(Endpoint):
    """One ending that was held back."""

    @operation("brakes_retrieve", "Read what is held back", answer=BrakeSerializer, problems=(403, 404))
    def get(self, request: Call, pk: int) -> Response:
        """Read what one trigger would end, and what was decided."""
        _require_reader(request)
        return Response(_one(request, pk))


class Release(Endpoint):
    """Letting it end."""

    @operation(
        "brakes_release",
        "Release: end the access",
        body=ReleaseBody,
        answer=BrakeSerializer,
        problems=(403, 404, 409, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """End the access that is held back. Needs a reason; for administrators."""
        hold = _administered(request, pk)
        given = body(request, ReleaseBody)
        seen = given.get("grants_counted")
        release(hold=hold, reason=given["reason"], seen=seen, by=acting(request), now=moment())
        return Response(_one(request, pk))


class Refuse(Endpoint):
    """Keeping the access."""

    @operation(
        "brakes_refuse",
        "Refuse: keep the access",
        body=DecideBody,
        answer=BrakeSerializer,
        problems=(403, 404, 409, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Keep the access until its own end. Needs a reason; for administrators."""
        hold = _administered(request, pk)
        refuse(hold=hold, by=acting(request), now=moment(), **body(request, DecideBody))
        return Response(_one(request, pk))


class Ending(Endpoint):
    """The end of a project's access because of Jira."""

    @operation(
        "projects_ending_retrieve", "Read when access ends", answer=EndingSerializer, problems=(403, 404)
    )
    def get(self, request: Call, key: str) -> Response:
        """Read what would end or ends; for leads of the team and administrators."""
        return Response(_ending(_run(request, key)))

    @operation(
        "projects_ending_hold",
        "Put the end on hold",
        body=HoldBody,
        answer=EndingSerializer,
        problems=(403, 404, 409, 422),
    )
    def post(self, request: Call, key: str) -> Response:
        """Have access go on though the project is done; for leads of the team and administrators."""
        project = _run(request, key)
        pause(project=project, by=acting(request), now=moment(), **body(request, HoldBody))
        return Response(_ending(project))

    @operation(
        "projects_ending_resume", "Take the hold back", answer=EndingSerializer, problems=(403, 404, 409)
    )
    def delete(self, request: Call, key: str) -> Response:
        """Let the end come when the grace is over."""
        project = _run(request, key)
        resume(project=project, by=acting(request), now=moment())
        return Response(_ending(project))


def _require_reader(request: Call) -> None:
    if not viewer_of(request).sees_all:
        raise NotAllowed("not_an_auditor", _("Only auditors and administrators can see this."))


def _administered(request: Call, pk: int) -> Hold:
    _require_reader(request)
    hold = found(holds_visible_to(viewer_of(request)), pk=pk)
    require_administrator(viewer_of(request))
    return hold


def _run(request: Call, key: str) -> Project:
    viewer = viewer_of(request)
    project = found(projects_visible_to(viewer), key=key)
    if refused := pausing_refusal(project, viewer):
        raise refused
    return project


def _one(request: Call, pk: int) -> Any:
    return _shown([found(holds_visible_to(viewer_of(request)), pk=pk)])[0]


def _shown(holds: Sequence[Hold]) -> list[Any]:
    for hold in holds:
        touched = grants_of_hold(hold).values_list("pk", flat=True)[:MOST_GRANTS]
        hold.grants = list(touched)  # type: ignore[attr-defined]  # read by the serializer
    return list(BrakeSerializer(holds, many=True).data)


def _ending(project: Project) -> Any:
    tracking = state_of(project)
    wind_down = tracking.wind_down if tracking else None
    running = wind_down if wind_down is not None and wind_down.state == WindDownState.RUNNING else None
    return EndingSerializer(
        {
            "state": str(wind_down.state) if wind_down else "",
            "sentence": tracking.sentence if tracking else "",
            "ends_at": running.ends_at if running else None,
            "held_until": running.paused_until if running else None,
            "held_by": running.paused_by if running else "",
            "reason": running.pause_reason if running else "",
            "latest": latest_end(running) if running else None,
            "preview": preview_of(project, now=moment()),
        }
    ).data
