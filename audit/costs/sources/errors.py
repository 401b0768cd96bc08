"""What can go wrong while a source is asked, sorted by what the caller should do next. Pure."""


class SourceError(Exception):
    """A source did not give what it was asked for.

    `message` is one plain sentence, safe to store and to show: never a header, a token, a body or an address.
    `retry_after`: seconds to wait before the next attempt, when the other side said so.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after


class Transient(SourceError):
    """It may work later: ask again after a growing pause, not before `retry_after`."""


class Permanent(SourceError):
    """It will not work until somebody changes something: shown, and asked again slowly."""


class Refused(Permanent):
    """Our own credentials were refused (401 or 403)."""


class Malformed(Permanent):
    """The answer could not be understood."""
