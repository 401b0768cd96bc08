"""Reads what a decision depends on, for the decision under the lock and for the page without."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from approvals.requests.collecting import barred
from approvals.requests.deciders import Look, Verdict, refusal_of
from approvals.requests.models import Decision, Request
from approvals.requests.staff import UNDECIDED, Staff
from approvals.requests.states import RequestStatus
from approvals.requests.types import Refusal
from approvals.routing.services import holders, unstaffed
from audit.ledger.actors import Actor
from grants.directory.standing import Standing


def look_at(
    request: Request,
    viewer: Standing,
    lane: str,
    *,
    seen: int | None = None,
    by: Actor | None = None,
    approving: bool = True,
    staff: Staff | None = None,
) -> Look:
    """What stands for or against this person deciding in this lane, as the database says now.

    A page gives `staff`, which it read with the viewer for a request read by `with_parts`: then no query is made.
    """
    lanes = {row.name: row.status for row in request.lanes.all()}
    out = staff.barred[request.pk] if staff else barred(request, member_ids(request))
    verdicts = _verdicts_read(request) if staff else verdicts_of(request)
    return Look(
        lane=lane,
        person_id=viewer.person.pk,
        acting_ids=_acting(viewer, by),
        active=viewer.person.active,
        held_lanes=viewer.lanes,
        barred=out,
        status=request.status,
        lanes=lanes,
        revision=request.revision,
        seen_revision=seen,
        verdicts=verdicts,
        stranded=_stranded(request, lane, viewer, lanes, {*out, *(v.person_id for v in verdicts)}, staff)
        if approving
        else (),
        changed=changed_detail(request),
    )


def refusal_for(request: Request, viewer: Standing, lane: str, revision: int | None = None) -> Refusal | None:
    """What `decide` would answer this viewer in this lane now; None when they may approve."""
    return refusal_of(look_at(request, viewer, lane, seen=revision))


def decidable_lanes(request: Request, viewer: Standing, staff: Staff | None = None) -> list[str]:
    """The lanes of the request in which the viewer may decide now; `staff` as for `look_at`."""
    names = [lane.name for lane in request.lanes.all() if lane.name in viewer.lanes]
    return [name for name in names if refusal_of(look_at(request, viewer, name, staff=staff)) is None]


def may_decide(request: Request, viewer: Standing, staff: Staff | None = None) -> Refusal | None:
    """Why the viewer may decide in none of the lanes; None when they may in one."""
    names = [lane.name for lane in request.lanes.all()]
    own = [name for name in names if name in viewer.lanes] or names or [""]
    refusals = [refusal_of(look_at(request, viewer, name, staff=staff)) for name in own]
    return None if None in refusals else refusals[0]


def member_ids(request: Request) -> frozenset[int]:
    """The persons who would get the access."""
    rows = request.members.filter(left_out=False, person__isnull=False)
    return frozenset(rows.values_list("person_id", flat=True))


def verdicts_of(request: Request) -> tuple[Verdict, ...]:
    """The approvals and denials of the present revision, oldest first."""
    rows = Decision.objects.filter(
        lane__request=request, revision=request.revision, verdict__in=("approve", "deny")
    )
    found = rows.select_related("person", "lane").order_by("at", "pk")
    return tuple(Verdict(d.person_id, d.person.name, d.verdict, d.lane.name, d.at) for d in found)


def _verdicts_read(request: Request) -> tuple[Verdict, ...]:
    """The same from lanes and decisions that were read already."""
    made = [(decision, lane) for lane in request.lanes.all() for decision in lane.decisions.all()]
    return tuple(
        Verdict(d.person_id, d.person.name, d.verdict, lane.name, d.at)
        for d, lane in sorted(made, key=lambda pair: (pair[0].at, pair[0].pk))
        if d.revision == request.revision and d.verdict in ("approve", "deny")
    )


def changed_detail(request: Request) -> dict[str, str]:
    """Who changed the request last, and when, for a refusal's detail."""
    return {"changed_by": request.updated_by, "changed_at": request.updated_at.isoformat()}


def _acting(viewer: Standing, by: Actor | None) -> frozenset[int]:
    """The person deciding and the owner of the identity used; a robot is nobody, which fits no person."""
    if by is None:
        return frozenset({viewer.person.pk})
    used = int(by.id) if by.kind == "person" and by.id.isdecimal() else 0
    return frozenset({viewer.person.pk, used})


def _stranded(
    request: Request,
    lane: str,
    viewer: Standing,
    lanes: Mapping[str, str],
    used: AbstractSet[int],
    staff: Staff | None,
) -> tuple[str, ...]:
    """The other undecided lanes that somebody could decide now, and nobody could after this decision."""
    others = [name for name, status in lanes.items() if status in UNDECIDED and name != lane]
    if request.status != RequestStatus.PENDING or not others:
        return ()
    pools = {name: list(staff.pools[name]) for name in others} if staff else holders(others)
    before = unstaffed(pools, used)
    after = unstaffed(pools, {*used, viewer.person.pk})
    return tuple(name for name in after if name not in before)
