"""The kinds of drift, its states, and what people may decide about it. Pure."""

from datetime import timedelta
from enum import StrEnum


class What(StrEnum):
    """How a target differs from what live grants want there."""

    VANISHED = "vanished"
    CHANGED = "changed"
    LEFTOVER = "leftover"
    APPEARED = "appeared"


class DriftState(StrEnum):
    """open -> repairing -> closed; a person may adopt or ignore instead. What comes back is opened again."""

    OPEN = "open"
    REPAIRING = "repairing"
    ADOPTED = "adopted"
    IGNORED = "ignored"
    CLOSED = "closed"


class Decision(StrEnum):
    """What an administrator says to a difference."""

    REVERT = "revert"
    ADOPT = "adopt"
    IGNORE = "ignore"


LASTING = (DriftState.OPEN, DriftState.REPAIRING, DriftState.ADOPTED, DriftState.IGNORED)
ATTENTION = (DriftState.OPEN, DriftState.REPAIRING)
LONGEST_IGNORE = timedelta(days=30)

WHATS = [(what.value, what.value) for what in What]
DRIFT_STATES = [(state.value, state.value) for state in DriftState]
DECISIONS = [(decision.value, decision.value) for decision in Decision]


def refusal_of(decision: str, *, what: str, state: str, less: bool) -> str:
    """Why this cannot be decided, as a code; "" when it can.

    `less`: what is there is only less access than grants give (see `drift_plan.only_less`). Nothing may stay that no
    grant gives (I1), and what is not ours is never touched (I9).
    """
    if state == DriftState.CLOSED:
        return "over"
    if what == What.APPEARED:
        return "not_ours" if decision == Decision.REVERT else ""
    if decision == Decision.REVERT:
        return ""
    if what == What.LEFTOVER:
        return "no_grant_gives_it"
    if what == What.CHANGED and not less:
        return "more_than_granted"
    return "nothing_to_adopt" if what == What.VANISHED and decision == Decision.ADOPT else ""
