"""Deciding: approve, deny or ask in one lane. The last approval issues the grant in the same transaction."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from approvals.policy.evaluation import recheck
from approvals.policy.facts import Facts
from approvals.requests import steps
from approvals.requests.collecting import current_facts, window
from approvals.requests.deciders import refusal_of
from approvals.requests.errors import Conflict, NotAllowed, NotApprovable, RequestError
from approvals.requests.looking import look_at
from approvals.requests.models import Decision, Lane, Message, Request
from approvals.requests.states import LaneStatus, RequestStatus, Verdict
from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.directory.folding import clean
from grants.directory.models import Person
from grants.directory.roles import ProjectState
from grants.directory.standing import standing_of
from grants.lifecycle.services import issue
from grants.lifecycle.types import IssueImage

TEXT_LENGTH = 2000


def decide(
    *,
    request: Request,
    lane: str,
    verdict: str,
    reason: str,
    revision: int | None,
    decider: Person,
    by: Actor,
    now: datetime,
) -> Request:
    """Write one approver's verdict on one lane of the revision they saw: lock, look, leap.

    `deny` and `ask` need a reason; a denial is final for all lanes; the last approval issues the grant.
    Records `approvals.lane.approved`, `.denied` or `.asked`, then `approvals.request.approved` or `.denied`.
    Raises NotAllowed (`self_approval`, `not_an_approver`, `not_active`, `already_decided_other_lane`,
    `needed_in_other_lane`), Conflict (`already_decided`, `already_closed`, `stale_revision`,
    `wrong_status`, `project_closed`), NotFound `no_such_lane`, NotApprovable, RequestError
    (`unknown_verdict`, `reason_required`, `reason_too_long`, `revision_required`).
    """
    text = _reason(verdict, reason)
    _require_revision(revision)
    with audited(by=by):
        row = steps.lock(request)
        seat = _seat(row, lane, decider, by=by, revision=revision, approving=verdict == Verdict.APPROVE)
        if verdict == Verdict.APPROVE:
            _still_allowed(row, now)
        _write(row, seat, decider, verdict, text, now)
        FOLLOWS[verdict](row, seat, text, decider, by, now)
    return row


def answer(*, request: Request, text: str, author: Person, by: Actor, now: datetime) -> Request:
    """Answer what was asked: every lane that asked waits again.

    The author is the requester or leads the project's team. Records `approvals.lane.answered` for each lane.
    Raises NotAllowed `not_an_editor`, Conflict `nothing_asked`, RequestError `text_required`.
    """
    words = _text(text, "text_required", _("Enter your answer"))
    with audited(by=by):
        row = steps.lock(request)
        if steps.editor(row, by).person.pk != author.pk:
            raise NotAllowed("not_an_editor", _("Only you can answer in your name."))
        asked = list(row.lanes.filter(status=LaneStatus.ASKED)) if row.status == RequestStatus.PENDING else []
        if not asked:
            raise Conflict(
                "nothing_asked", _("Nothing is asked now. Nothing more to do."), {"status": row.status}
            )
        Message.objects.create(request=row, author=author, kind="answer", text=words, at=now)
        for lane in asked:
            steps.take_lane(lane, row, "answer")
        steps.save(row, by=by, now=now)
        steps.tell(row, "answered", now=now, person_id=author.pk)
    return row


def _reason(verdict: str, reason: str) -> str:
    if verdict not in FOLLOWS:
        raise RequestError("unknown_verdict", _("Select approve, reject or ask a question"))
    if verdict == Verdict.APPROVE and not reason.strip():
        return ""
    words = _("Enter your question") if verdict == Verdict.ASK else _("Enter a reason")
    return _text(reason, "reason_required", words)


def _require_revision(revision: int | None) -> None:
    if revision is None:
        raise RequestError("revision_required", _("Say which revision of the request you looked at."))


def _text(written: str, code: str, sentence: str) -> str:
    text = clean(written).strip()
    if not text:
        raise RequestError(code, sentence)
    if len(text) > TEXT_LENGTH:
        words = _("This must be 2,000 characters or fewer. You have entered %(count)s")
        raise RequestError("reason_too_long", words % {"count": f"{len(text):,}"})
    return text


def _seat(
    request: Request, lane: str, decider: Person, *, by: Actor, revision: int | None, approving: bool
) -> Lane:
    """The lane this person may decide in now; raises the refusal that the page would show."""
    # Read anew: who was disabled, or lost the role, while the page was open may not decide.
    person = Person.objects.get(pk=decider.pk)
    look = look_at(request, standing_of(person), lane, seen=revision, by=by, approving=approving)
    if refusal := refusal_of(look):
        raise refusal.error()
    return request.lanes.get(name=lane)


def _still_allowed(request: Request, now: datetime) -> None:
    """What was sent passes policy as of now, for the window it would get now, in a project still open."""
    if request.project is None or request.project.state != ProjectState.OPEN:
        raise Conflict("project_closed", _("The project is closed, so nothing new can be approved for it."))
    frozen = Facts.from_json(request.facts or {})
    starts, ends = window(request, now)
    evaluation = recheck(
        replace(frozen, starts=starts, ends=ends), current_facts(request, frozen, now=now), now
    )
    if not evaluation.sendable:
        raise NotApprovable(evaluation)


def _write(request: Request, lane: Lane, decider: Person, verdict: str, reason: str, now: datetime) -> None:
    Decision.objects.create(
        lane=lane,
        person=decider,
        requester=request.requester,
        verdict=verdict,
        reason=reason,
        revision=request.revision,
        at=now,
    )
    steps.take_lane(lane, request, verdict, {"reason": reason})


def _approved(request: Request, lane: Lane, reason: str, decider: Person, by: Actor, now: datetime) -> None:
    steps.tell(request, "lane_approved", now=now, person_id=decider.pk, lane=lane.name)
    if request.lanes.exclude(status=LaneStatus.APPROVED).exists():
        steps.save(request, by=by, now=now)
        return
    steps.take(request, "approve_last", by=by, now=now)
    _issue(request, by=by, now=now)
    steps.tell(request, "approved", now=now, person_id=decider.pk, lane=lane.name)


def _denied(request: Request, lane: Lane, reason: str, decider: Person, by: Actor, now: datetime) -> None:
    steps.take(request, "deny", by=by, now=now, detail={"lane": lane.name, "reason": reason})
    steps.tell(request, "denied", now=now, person_id=decider.pk, lane=lane.name)


def _asked(request: Request, lane: Lane, reason: str, decider: Person, by: Actor, now: datetime) -> None:
    Message.objects.create(
        request=request, author=decider, lane=lane.name, kind="question", text=reason, at=now
    )
    steps.save(request, by=by, now=now)
    steps.tell(request, "asked", now=now, person_id=decider.pk, lane=lane.name)


FOLLOWS: Mapping[str, Callable[[Request, Lane, str, Person, Actor, datetime], None]] = {
    Verdict.APPROVE: _approved,
    Verdict.DENY: _denied,
    Verdict.ASK: _asked,
}


def _issue(request: Request, *, by: Actor, now: datetime) -> None:
    """Give the access that was approved: the people, images and digests of the sent revision."""
    starts, ends = window(request, now)
    if request.project is None or ends is None:
        raise Conflict("incomplete", _("This request is not complete, so nothing can be given."))
    rows = request.members.filter(left_out=False, person__isnull=False).select_related("person")
    images = request.images.select_related("image__registry")
    issue(
        project=request.project,
        role=request.role,
        starts=starts,
        ends=ends,
        members=[row.person for row in rows if row.person is not None],
        images=[IssueImage(row.image, row.tag, row.digest) for row in images],
        origin=request.label,
        environment=request.environment,
        by=by,
        now=now,
    )
