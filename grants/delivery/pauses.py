"""How long to wait after a failure, by its kind. Nothing is ever given up. Pure."""

from datetime import timedelta

from grants.connectors.errors import ConnectorError, Permanent

LEASE = timedelta(seconds=60)  # longer than the sum of a connector's time-outs for one line
TRANSIENT_CAP = 300.0  # seconds
PERMANENT_FIRST, PERMANENT_CAP = 60.0, 3600.0  # seconds


def pause_after(error: Exception, failures: int) -> timedelta:
    """How long to wait after the `failures`-th failure in a row (1 the first): doubling, capped.

    Transient errors, conflicts and unknown outcomes start at 1 s and stop at 5 minutes; permanent ones, and
    errors nobody foresaw, at 1 minute and 1 hour. A target that names a time is never asked earlier.
    """
    slow = isinstance(error, Permanent) or not isinstance(error, ConnectorError)
    first, cap = (PERMANENT_FIRST, PERMANENT_CAP) if slow else (1.0, TRANSIENT_CAP)
    seconds = min(cap, first * 2 ** min(failures - 1, 12))
    asked = getattr(error, "retry_after", None) or 0.0
    return timedelta(seconds=max(seconds, asked))


def kind_of(error: Exception) -> str:
    """The word for an error's kind in the row of the call: `transient`, `conflict`, `permanent`, ..."""
    names = {"UnknownOutcome": "unknown_outcome", "NotFound": "not_found"}
    for known in type(error).__mro__:
        if known.__module__ == ConnectorError.__module__ and known.__name__ in _KINDS:
            return names.get(known.__name__, known.__name__.lower())
    return "unexpected"


_KINDS = ("Transient", "Conflict", "Permanent", "NotFound", "UnknownOutcome")
