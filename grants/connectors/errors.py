"""What can go wrong with an outside system, sorted by what the caller should do next."""


class ConnectorError(Exception):
    """An outside system did not do what was asked.

    `str(error)` is one plain sentence, safe to store and to show: it never holds a header, a token or a body.
    `retry_after` is the number of seconds to wait before the next attempt, when the other side (or a clock)
    said so. `code` is the other side's own error code (`MANIFEST_UNKNOWN`, `404`), empty when it gave none.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.code = code


class Transient(ConnectorError):
    """Nothing happened and it may work later: retry with back-off, not before `retry_after`."""


class NotYet(Transient):
    """The removal is in force, but it can be proven only after `retry_after` seconds."""


class Conflict(ConnectorError):
    """The world changed in between: read again and plan again."""


class Permanent(ConnectorError):
    """It will not work until somebody changes something: report it, retry slowly."""


class Refused(Permanent):
    """Our own credentials were refused (401 or 403)."""


class Malformed(Permanent):
    """A document from outside could not be understood."""


class NotFound(ConnectorError):
    """The thing asked for is not there, or we may not see it."""


class UnknownOutcome(ConnectorError):
    """A change was sent and its answer never came: read back before anything else."""
