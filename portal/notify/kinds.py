"""What people are told. Pure."""

from enum import StrEnum


class Kind(StrEnum):
    """The occasions of the life of requests, grants and budgets that somebody should hear of."""

    ASKED = "asked"
    REMINDER = "reminder"
    QUESTION = "question"
    ANSWER = "answer"
    DECIDED = "decided"
    DECIDED_ELSEWHERE = "decided_elsewhere"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    READY = "ready"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"
    REMOVAL_OVERDUE = "removal_overdue"
    DRIFT_FOUND = "drift_found"
    DRIFT_STOPPED = "drift_stopped"
    DRIFT_DECIDED = "drift_decided"
    PROJECT_DONE = "project_done"
    PROJECT_REOPENED = "project_reopened"
    PROJECT_END_NEAR = "project_end_near"
    PROJECT_END_MOVED = "project_end_moved"
    BRAKE_HELD = "brake_held"
    BUDGET_REACHED = "budget_reached"
    BUDGET_FORECAST = "budget_forecast"
    COST_UNUSUAL = "cost_unusual"
    COST_MISSING = "cost_missing"
    SOURCE_FAILING = "source_failing"
    COSTS_BROKEN = "costs_broken"
    COSTS_MONTH = "costs_month"


OF_COSTS = frozenset(
    {
        Kind.BUDGET_REACHED,
        Kind.BUDGET_FORECAST,
        Kind.COST_UNUSUAL,
        Kind.COST_MISSING,
        Kind.SOURCE_FAILING,
        Kind.COSTS_BROKEN,
        Kind.COSTS_MONTH,
    }
)
"""Those about money and GPU use: their words are in cost_texts.py."""
KINDS = [(kind.value, kind.value) for kind in Kind]


def reminder_days(length_days: float) -> tuple[int, ...]:
    """How many days before the end to remind, scaled to the grant's length.

    A grant of three days or less gets one reminder on its last day; a month's grant 7 and 1; longer ones
    21, 7 and 1.
    """
    if length_days <= 3:
        return (1,)
    if length_days <= 31:
        return (7, 1) if length_days > 8 else (3, 1)
    return (21, 7, 1)
