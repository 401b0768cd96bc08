"""What administrators decide about drift: put it right, accept it, leave it for a while, let removals go on."""

from collections.abc import Mapping
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.ledger.types import Value
from grants.connectors.base import Entry
from grants.delivery.drift_clock import ask_soon
from grants.delivery.drift_errors import NotAnAdministrator, NotDecidable, NotScannable
from grants.delivery.drift_plan import only_less
from grants.delivery.drift_records import digest_of_facts, record_drift
from grants.delivery.drift_repair import put_right
from grants.delivery.drift_states import LONGEST_IGNORE, Decision, DriftState, What, refusal_of
from grants.delivery.drift_tasks import wake_scans
from grants.delivery.models import Drift
from grants.delivery.signals import drift_changed
from grants.delivery.targets import Target, layout_of, target_of
from grants.directory.actors import standing_of_actor
from grants.directory.standing import Standing

LONGEST_REASON = 500
WHY: Mapping[str, Promise] = {
    "over": _("This is over: the target is as it should be. Nothing is left to decide."),
    "not_ours": _("This is not Purser's, so Purser does not touch it. Remove it at the target."),
    "no_grant_gives_it": _("No grant gives this access, so it cannot stay. It can only be put right."),
    "more_than_granted": _(
        "What is there may give more than any grant does, so it cannot stay. It can only be put right."
    ),
    "nothing_to_adopt": _(
        "Nothing is there to accept, and the access is still granted. Put it right, or end the access."
    ),
    "nobodys": _("Purser knows no access that this can have belonged to. Remove it at the target."),
    "reason_missing": _("Enter a reason"),
    "until_missing": _("Select the day until which this is ignored"),
    "until_wrong": _("Choose a day within the next 30 days"),
    "nothing_held": _("No removal is waiting at this target."),
}
_EVENTS = {Decision.REVERT: "reverted", Decision.ADOPT: "adopted", Decision.IGNORE: "ignored"}


def refusal_to_decide(viewer: Standing | None) -> NotAnAdministrator | None:
    """Why the viewer cannot decide about drift; None when they can."""
    if viewer is not None and viewer.is_administrator:
        return None
    return NotAnAdministrator("not_an_administrator", _("Only administrators can do this."))


def decide_drift(
    *, drift: Drift, decision: str, until: datetime | None, reason: str, by: Actor, now: datetime
) -> Drift:
    """Revert (put ours back now), adopt (accept how it is) or ignore a difference `until` a day.

    For administrators. An acceptance covers exactly what is there now. Records `grants.drift.reverted`, `.adopted` or
    `.ignored` and tells the owners. Raises NotDecidable, see its codes; nothing that no grant gives can be accepted.
    """
    with audited(by=by):
        _check(by)
        row = Drift.objects.select_for_update(no_key=True, of=("self",)).get(pk=drift.pk)
        _refuse(refusal_of(decision, what=row.what, state=row.state, less=is_only_less(row)))
        text = _reason(reason)
        row.decision, row.reason, row.decided_by, row.decided_at = decision, text, by.name[:200], now
        if decision == Decision.REVERT:
            _revert(row, now)
        else:
            _accept(row, decision, until, now)
        said = {"until": row.ignore_until.isoformat()} if row.ignore_until else {}
        record_drift(f"grants.drift.{_EVENTS[Decision(decision)]}", row, reason=text, **said)
        drift_changed.send(sender=Drift, target=row.target, event="decided", drift_ids=[row.pk], now=now)
    return Drift.objects.get(pk=row.pk)


def release_leftovers(*, target: Target, reason: str, by: Actor, now: datetime) -> int:
    """Let the removals go on that a brake holds at a target; how many those are. For administrators.

    Records `grants.drift.released` with the person and the reason. The next scan, which is due at once, removes them.
    Raises NotDecidable `nothing_held`, `reason_missing`.
    """
    with audited(by=by):
        _check(by)
        text = _reason(reason)
        held = Drift.objects.filter(target=target.key, state=DriftState.OPEN).exclude(held_at=None)
        pks = list(held.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
        _refuse("" if pks else "nothing_held")
        Drift.objects.filter(pk__in=pks).update(held_at=None, released_at=now)
        detail: dict[str, Value] = {"target": target.key, "lines": len(pks), "reason": text}
        record("grants.drift.released", subject=f"target:{target.key}", detail=detail)
        ask_soon(target.key, now=now)
        wake_scans()
    return len(pks)


def ask_for_scan(*, target: Target, by: Actor, now: datetime) -> None:
    """Have a target looked at as soon as a worker comes to it. For administrators.

    Records `grants.drift.scan-asked`. Raises NotScannable `keeps_nothing`.
    """
    if layout_of(target) is None:
        raise NotScannable("keeps_nothing", _("Purser itself decides there, so nothing can differ."))
    with audited(by=by):
        _check(by)
        ask_soon(target.key, now=now)
        record("grants.drift.scan-asked", subject=f"target:{target.key}", detail={"target": target.key})
        wake_scans()


def possible_decisions(row: Drift) -> list[Decision]:
    """What can be decided about a difference as it is."""
    less = is_only_less(row)
    return [one for one in Decision if not refusal_of(one, what=row.what, state=row.state, less=less)]


def is_only_less(row: Drift) -> bool:
    """Whether what is there gives only less than what is wanted."""
    return only_less(_entry(row, row.wanted), _entry(row, row.seen))


def _entry(row: Drift, facts: list[list[str]] | None) -> Entry | None:
    pairs = None if facts is None else tuple((name, value) for name, value in facts)
    return None if pairs is None else Entry(row.target, row.kind, row.key, pairs)


def _check(by: Actor) -> None:
    if by.kind in {"operator", "system"}:
        return
    if refused := refusal_to_decide(standing_of_actor(by)):
        raise refused


def _refuse(code: str) -> None:
    if code:
        raise NotDecidable(code, WHY[code])


def _reason(reason: str) -> str:
    text = " ".join(reason.split())[:LONGEST_REASON]
    _refuse("" if text else "reason_missing")
    return text


def _revert(row: Drift, now: datetime) -> None:
    row.state, row.ignore_until, row.accepted = DriftState.OPEN, None, ""
    row.save(update_fields=["state", "ignore_until", "accepted", *_DECIDED])
    target = target_of(row.target)
    if target is None or not put_right(target, [row], now=now):
        _refuse("nobodys" if row.what == What.LEFTOVER else "over")


def _accept(row: Drift, decision: str, until: datetime | None, now: datetime) -> None:
    ignoring = decision == Decision.IGNORE
    if ignoring:
        _refuse("until_missing" if until is None else "")
        _refuse("" if until and now < until <= now + LONGEST_IGNORE else "until_wrong")
    row.state = DriftState.IGNORED if ignoring else DriftState.ADOPTED
    row.ignore_until = until if ignoring else None
    row.accepted = digest_of_facts(row.wanted, row.seen)
    row.fought_at, row.cause, row.cause_name = None, "", ""
    row.save(
        update_fields=["state", "ignore_until", "accepted", "fought_at", "cause", "cause_name", *_DECIDED]
    )


_DECIDED = ["decision", "reason", "decided_by", "decided_at"]
