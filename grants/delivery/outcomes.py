"""Writing how a call came out: the call's own row, the line, the ledger and the grant, in one short transaction."""

from datetime import datetime, timedelta

from audit.ledger.services import audited, record
from grants.connectors.base import Outcome
from grants.connectors.errors import NotYet, UnknownOutcome
from grants.delivery.claims import Step
from grants.delivery.models import Attempt, Delivery
from grants.delivery.pauses import kind_of, pause_after
from grants.delivery.services import DELIVERY, lock_grant, settle
from grants.delivery.states import REMOVING, Kind, Result, Status

# A token that carries push lives 5 minutes at most and is accepted 60 s longer (architecture.md 3). Whoever keeps
# pulling by another grant always has newer tokens, so the end of their pushing is proven by waiting this long.
PUSH_TOKENS_GONE = timedelta(minutes=6)
ALARM_AFTER = 3  # failures in a row, before the ledger is told
LONGEST_CHECK = timedelta(minutes=5)
Fields = dict[str, object]


def succeeded(
    row: Delivery,
    attempt: Attempt | None,
    step: Step,
    *,
    proven: bool,
    detail: str,
    now: datetime,
    answer: Outcome | None = None,
) -> None:
    """The call worked: the line is in place or gone, and proven so or to be looked at again.

    A line on its way out is settled by an apply, too: what it stood for is now what other live grants want.
    """
    status = _reached(row, proven=proven)
    said = f"{detail} Kept by {step.keepers}." if step.keepers and status == Status.PROVEN else detail
    fields: Fields = {"failures": 0, "last_error": "", "detail": said[:500], **_reaching(row, status, now)}
    fields |= _native(status, answer) | ({"facts": step.facts} if status == Status.VERIFIED else {})
    _write(row, attempt, Result.DONE, fields if step.last else None, detail=said, now=now)


def failed(
    row: Delivery, attempt: Attempt | None, step: Step | None, *, error: Exception, now: datetime
) -> None:
    """The call did not work (or was never made): keep the reason and the next attempt, by the error's kind."""
    if isinstance(error, NotYet) and step is not None and row.status in REMOVING:
        _wait(row, attempt, step, error=error, now=now)
        return
    failures = row.failures + 1
    text = _sentence(error)
    fields: Fields = {
        "failures": failures,
        "last_error": text,
        "next_attempt_at": now + pause_after(error, failures),
    }
    result = Result.UNKNOWN if isinstance(error, UnknownOutcome) else Result.FAILED
    _write(row, attempt, result, fields, detail=text, now=now, error=error)


def kept(row: Delivery, *, keepers: str, now: datetime) -> None:
    """Nothing to take away: other live grants give the same access, which no longer rests on this one."""
    detail = f"kept by {keepers}" if keepers else "nothing was left to take away"
    _write(
        row,
        None,
        Result.DONE,
        {"detail": detail, **_reaching(row, Status.PROVEN, now)},
        detail=detail,
        now=now,
    )


def cut_off(row: Delivery, *, seen: str, now: datetime) -> None:
    """Give every intent whose call was cut off its outcome: unknown, and what was read back."""
    lost = Attempt.objects.filter(delivery=row, outcome="", fence__lt=row.fence)
    lost.update(outcome=Result.UNKNOWN, outcome_at=now, detail=seen[:500], error_kind="cut_off")


def _wait(row: Delivery, attempt: Attempt | None, step: Step, *, error: NotYet, now: datetime) -> None:
    since = row.removed_at or now
    if step.partial and now >= since + PUSH_TOKENS_GONE:
        succeeded(row, attempt, step, proven=True, detail="Only pulling is left, by another grant.", now=now)
        return
    until = now + timedelta(seconds=error.retry_after or 1.0)
    fields: Fields = {
        "status": Status.REMOVED,
        "removed_at": since,
        "denials": row.denials + 1,
        "failures": 0,
        "last_error": "",
        "detail": _sentence(error),
        "next_attempt_at": min(until, since + PUSH_TOKENS_GONE) if step.partial else until,
    }
    _write(row, attempt, Result.WAITING, fields, detail=_sentence(error), now=now)


def _reached(row: Delivery, *, proven: bool) -> Status:
    if row.status in REMOVING:
        return Status.PROVEN if proven else Status.REMOVED
    return Status.VERIFIED if proven else Status.APPLIED


def _native(status: Status, answer: Outcome | None) -> Fields:
    """When the target ends it by itself, and when it needs us again; nothing of the kind once it is gone."""
    if answer is None or status in REMOVING:
        return {"ends_itself_at": None} if status == Status.PROVEN else {}
    again = {"next_attempt_at": answer.again_at} if status == Status.VERIFIED else {}
    return {"ends_itself_at": answer.ends_itself_at, **again}


def _reaching(row: Delivery, status: Status, now: datetime) -> Fields:
    """The fields of a line that has come this far; what is not proven yet is looked at again, ever less often."""
    fields: Fields = {"status": status, "next_attempt_at": None, f"{status.value}_at": now}
    match status:
        case Status.VERIFIED:
            return fields | {"applied_at": row.applied_at or now}
        case Status.PROVEN:
            return fields | {"removed_at": row.removed_at or now, "denials": row.denials + 1}
    first = (row.applied_at if status == Status.APPLIED else row.removed_at) or now
    pause = min(max(now - first, timedelta(seconds=1)), LONGEST_CHECK)
    return fields | {f"{status.value}_at": first, "next_attempt_at": now + pause}


def _write(
    row: Delivery,
    attempt: Attempt | None,
    result: Result,
    fields: Fields | None,
    *,
    detail: str,
    now: datetime,
    error: Exception | None = None,
) -> None:
    with audited(by=DELIVERY):
        grant = lock_grant(row.grant_id)
        if attempt is not None:
            _close(attempt, result, detail=detail, now=now, error=error)
        # The fence is the newest word: a claim that outlived its lease says how its call came out and no more.
        if fields and Delivery.objects.filter(pk=row.pk, fence=row.fence).update(**fields):
            before = row.status
            for name, value in fields.items():
                setattr(row, name, value)
            _tell(row, before)
            settle(grant, now=now)


def _close(attempt: Attempt, result: Result, *, detail: str, now: datetime, error: Exception | None) -> None:
    said = {"outcome": result, "outcome_at": now, "detail": detail[:500]}
    kind = kind_of(error) if error else ""
    Attempt.objects.filter(pk=attempt.pk, outcome="").update(**said, error_kind=kind)


def _tell(row: Delivery, before: str) -> None:
    if row.status != before and row.status in (Status.VERIFIED, Status.PROVEN):
        _record(f"grants.delivery.{row.status}", row)
    elif row.failures == ALARM_AFTER:
        _record("grants.delivery.failing", row)


def _record(kind: str, row: Delivery) -> None:
    project, key = row.grant.project, row.key
    about: dict[str, dict[str, str]] = {
        Kind.MEMBER: {"person": key},
        Kind.IMAGE: {"image": f"{row.target}/{key}"},
    }
    whom = about.get(row.kind, {})
    detail = {"target": row.target, "line": row.kind, "key": key, "said": row.last_error or row.detail}
    record(kind, subject=row.grant.label, project=project.key, team=project.team.key, detail=detail, **whom)


def _sentence(error: Exception) -> str:
    """The connectors' own errors are safe sentences; of any other only its class is kept, never its text."""
    if kind_of(error) == "unexpected":
        return f"Purser met an error it does not know ({type(error).__name__})."
    return str(error)[:500]
