"""Refusals of the cost room."""

from audit.ledger.errors import PurserError


class CostError(PurserError):
    """Usage, rates or budgets that cannot be taken as given; `detail["faults"]` holds one text per fault."""


class CostConflict(CostError):
    """The change was prepared against an older state; look again."""

    status = 409


class CostNotFound(CostError):
    """There is no such thing in the viewer's scope."""

    status = 404
