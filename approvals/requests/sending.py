"""Sending a request: what policy says beforehand, the freezing of what it saw, and changes after sending."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.policy.checks import eligible
from approvals.policy.evaluation import evaluate
from approvals.policy.facts import Facts
from approvals.requests import steps
from approvals.requests.answers import checked
from approvals.requests.collecting import facts_of
from approvals.requests.differences import difference, snapshot
from approvals.requests.drafts import write
from approvals.requests.errors import Conflict, NotSendable
from approvals.requests.models import Lane, Request
from approvals.requests.states import RequestStatus
from approvals.requests.types import DraftChanges, LaneFacts, Missing, Preview
from approvals.routing.services import due_at
from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.directory.roles import ProjectState


def preview(*, request: Request, now: datetime, kept_lanes: Sequence[str] = ()) -> Preview:
    """What sending would say now: policy's results, the people who could decide, the answers missing."""
    facts = facts_of(request, now=now, kept_lanes=kept_lanes)
    due = due_at(now)
    lanes = tuple(LaneFacts(lane.name, eligible(facts, lane), due) for lane in facts.lanes)
    return Preview(facts, evaluate(facts, now), lanes, tuple(_missing(request)))


def submit(*, request: Request, revision: int | None, by: Actor, now: datetime) -> Request:
    """Send a draft: judge it, freeze what was judged, ask the lanes.

    The acting person leads the project's team. Records `approvals.request.submitted`. Raises NotAllowed
    `not_an_editor` or `not_a_lead`, Conflict `wrong_status`, StaleRequest, NotSendable with every result.
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.lead(row, by)
        _require(row, RequestStatus.DRAFT)
        steps.check_revision(row, revision)
        found = _sendable(row, now)
        row.authors.add(viewer.person)
        _freeze(row, found, "submit", by=by, now=now)
        steps.tell(row, "submitted", now=now, person_id=viewer.person.pk)
    return row


def edit(
    *, request: Request, changes: DraftChanges, revision: int | None, by: Actor, now: datetime
) -> Request:
    """Change a sent request that is not decided: next revision, judged and frozen anew, all lanes wait again.

    Records `approvals.request.revised` with what changed and `approvals.lane.reopened` for each lane that
    had answered. Raises as `submit`, and DraftFault; then nothing was changed.
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.lead(row, by)
        _require(row, RequestStatus.PENDING)
        steps.check_revision(row, revision, changes)
        before = snapshot(row)
        write(row, checked(changes, viewer))
        viewer = steps.lead(row, by)
        row.authors.add(viewer.person)
        row.revision += 1
        found = _sendable(row, now, kept_lanes=_answered(row))
        _freeze(row, found, "revise", by=by, now=now, before=before)
        steps.reopen(row, due_at(now))
        steps.tell(row, "edited", now=now, person_id=viewer.person.pk)
    return row


def _require(request: Request, status: RequestStatus) -> None:
    if request.status != status:
        words = _("This request is no longer where it was, so this cannot be done now.")
        raise Conflict("wrong_status", words, {"status": request.status})


def _sendable(request: Request, now: datetime, *, kept_lanes: Sequence[str] = ()) -> Preview:
    found = preview(request=request, now=now, kept_lanes=kept_lanes)
    if not found.sendable:
        raise NotSendable(found.evaluation, found.missing)
    return found


def _freeze(
    request: Request,
    found: Preview,
    verb: str,
    *,
    by: Actor,
    now: datetime,
    before: dict[str, object] | None = None,
) -> None:
    """Keep what was judged, with the digests it was judged by, and ask the lanes."""
    facts = found.facts
    _fix_digests(request, facts)
    _ask_lanes(request, found.lanes)
    detail: dict[str, object] = {
        "people": len(facts.members),
        "images": [image.label for image in facts.images],
        "lanes": [lane.name for lane in found.lanes],
        "rules": found.evaluation.version,
    }
    if before is not None:
        detail["changes"] = difference(before, snapshot(request))
    steps.take(
        request,
        verb,
        by=by,
        now=now,
        detail=detail,
        revision=request.revision,
        facts=facts.to_json(),
        results=[result.to_json() for result in found.evaluation.results],
        rule_set_version=found.evaluation.version,
        days=request.days if request.days or request.ends else facts.settings.default_days,
        ends=facts.end,
        submitted_at=now,
    )


def _fix_digests(request: Request, facts: Facts) -> None:
    digests = {image.image_id: image.digest or "" for image in facts.images}
    for row in request.images.all():
        row.digest = digests[row.image_id]
        row.save(update_fields=["digest"])


def _ask_lanes(request: Request, lanes: Iterable[LaneFacts]) -> None:
    """Make the lanes that are missing; a lane no longer needed goes unless somebody answered in it."""
    wanted = {lane.name: lane for lane in lanes}
    request.lanes.exclude(name__in=wanted).delete()
    present = set(request.lanes.values_list("name", flat=True))
    new = [
        Lane(request=request, name=name, due_at=wanted[name].due_at) for name in wanted if name not in present
    ]
    Lane.objects.bulk_create(new)


def _answered(request: Request) -> list[str]:
    """Lanes in which somebody decided or asked: they stay, because what was said there is kept."""
    return sorted(set(request.lanes.filter(decisions__isnull=False).values_list("name", flat=True)))


def _missing(request: Request) -> Iterable[Missing]:
    if request.project is None:
        yield Missing("project", "no_project", gettext_lazy("Choose a project"))
    elif request.project.state != ProjectState.OPEN:
        words = gettext_lazy("This project is closed. Choose another one")
        yield Missing("project", "project_closed", words)
    if not request.use_case.strip():
        yield Missing("use_case", "no_use_case", gettext_lazy("Enter the use case"))
