"""The states of one line of access at one target, and of one outside call. Pure."""

from enum import StrEnum


class Status(StrEnum):
    """wanted -> applied -> verified while the grant is live; unwanted -> removed -> proven when it is not."""

    WANTED = "wanted"
    APPLIED = "applied"
    VERIFIED = "verified"
    UNWANTED = "unwanted"
    REMOVED = "removed"
    PROVEN = "proven"


class Kind(StrEnum):
    """What a line stands for at every target; a connector has kinds of its own beside these, for a whole project."""

    MEMBER = "member"
    IMAGE = "image"


class Action(StrEnum):
    """What a call asks of the target."""

    APPLY = "apply"
    REMOVE = "remove"


class Result(StrEnum):
    """How a call came out. Empty in the row means: not known yet."""

    DONE = "done"
    WAITING = "waiting"
    FAILED = "failed"
    UNKNOWN = "unknown"


APPLYING = (Status.WANTED, Status.APPLIED, Status.VERIFIED)
REMOVING = (Status.UNWANTED, Status.REMOVED, Status.PROVEN)
OPEN = (Status.WANTED, Status.APPLIED, Status.UNWANTED, Status.REMOVED)

STATUSES = [(status.value, status.value) for status in Status]
ACTIONS = [(action.value, action.value) for action in Action]
RESULTS = [(result.value, result.value) for result in Result]
