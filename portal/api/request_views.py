"""Requests as the API shows them: values read once for a whole page, then serialized."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from approvals.requests.models import Request, RequestMember
from approvals.requests.people_match import State
from approvals.requests.people_rows import PersonRow
from approvals.requests.selectors import (
    deciders_of,
    people_rows,
    requests_visible_to,
    waiting_reasons,
    with_parts,
)
from approvals.requests.services import preview
from approvals.requests.states import RequestStatus
from grants.directory.models import Person
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import grants_of
from portal.api.base import found
from portal.api.problems import check_from, check_of
from portal.api.serializers.requests import RequestSerializer, RequestSummarySerializer

NOT_ASKED = "not_asked"
PLAIN = [
    "number",
    "status",
    "revision",
    "requester",
    "role",
    "environment",
    "use_case",
    "ticket",
    "people_count",
    "starts",
    "days",
    "ends",
    "gpu_type",
    "gpu_hours_per_week",
    "created_at",
    "updated_at",
    "submitted_at",
    "decided_at",
]


@dataclass(frozen=True)
class LaneShown:
    """A lane with who may decide in it; one of a draft has not been asked yet."""

    name: str
    status: str
    eligible: Sequence[Any]
    due_at: datetime
    decisions: Sequence[Any] = field(default_factory=list)


@dataclass(frozen=True)
class LineShown:
    """A line of the people list, in a draft with what helps to mend it."""

    row: RequestMember
    suggestion: str = ""
    candidates: Sequence[Any] = ()


def summaries(requests: Sequence[Request], now: datetime) -> list[dict[str, Any]]:
    """Rows of a list, from requests read by `with_parts`; a constant number of queries."""
    deciders, waiting = deciders_of(requests), waiting_reasons(requests, now)
    rows = [
        _parts(request, _lanes(request, deciders.get(request.pk, {})), waiting.get(request.pk, ""))
        for request in requests
    ]
    return list(RequestSummarySerializer(rows, many=True).data)


def shown(pk: int, viewer: Standing, now: datetime) -> dict[str, Any]:
    """One request the viewer may see, whole. Raises Http404."""
    request = found(with_parts(requests_visible_to(viewer)), pk=pk)
    return whole(request, now)


def whole(request: Request, now: datetime) -> dict[str, Any]:
    """A request read by `with_parts`, whole. A draft is judged now; one that was sent shows what was judged then."""
    lanes = _lanes(request, deciders_of([request]).get(request.pk, {}))
    more: dict[str, Any] = {"checks": [check_of(result) for result in request.results or ()], "missing": []}
    if request.status == RequestStatus.DRAFT:
        seen = preview(request=request, now=now)
        lanes = [LaneShown(lane.name, NOT_ASKED, _refs(lane.eligible), lane.due_at) for lane in seen.lanes]
        more["checks"] = [check_from(result) for result in seen.evaluation.results]
        more["missing"] = [missing.field for missing in seen.missing]
    parts = _parts(request, lanes, waiting_reasons([request], now).get(request.pk, ""))
    return dict(RequestSerializer(parts | more | _people(request) | {"grant": _grant_of(request)}).data)


def _parts(request: Request, lanes: Sequence[LaneShown], waiting: str) -> dict[str, Any]:
    project = request.project
    return {name: getattr(request, name) for name in PLAIN} | {
        "id": request.pk,
        "project": project.key if project else None,
        "team": project.team.key if project else None,
        "images": [_written_image(row) for row in request.images.all()],
        "lanes": lanes,
        "waiting": waiting,
    }


def _people(request: Request) -> dict[str, Any]:
    draft = request.status == RequestStatus.DRAFT
    lines = [_helped(row) for row in people_rows(request)] if draft else _kept_lines(request)
    return {
        "people": lines,
        "members": [line.row.raw for line in lines if not line.row.left_out],
        "messages": list(request.messages.select_related("author")),
    }


def _helped(line: PersonRow) -> LineShown:
    found = line.found
    namesakes = found.candidates if found.state is State.AMBIGUOUS else ()
    return LineShown(line.row, found.suggestion or "", namesakes)


def _kept_lines(request: Request) -> list[LineShown]:
    return [LineShown(row) for row in request.members.select_related("person")]


def _lanes(request: Request, deciders: Mapping[str, Sequence[Person]]) -> list[LaneShown]:
    return [
        LaneShown(
            lane.name, lane.status, deciders.get(lane.name, []), lane.due_at, list(lane.decisions.all())
        )
        for lane in request.lanes.all()
    ]


def _refs(eligible: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"pk": who.person_id, "name": who.name} for who in eligible]


def _written_image(row: Any) -> str:
    if row.tag:
        return f"{row.image.reference}:{row.tag}"
    return f"{row.image.reference}@{row.digest}" if row.digest else str(row.image.reference)


def _grant_of(request: Request) -> int | None:
    grant: Grant | None = grants_of(request.label).first()
    return grant.pk if grant else None
