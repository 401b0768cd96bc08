"""Errors people can read: the base of every room's refusals, and the ledger's own."""

from typing import Any, ClassVar


class PurserError(Exception):
    """A refused or impossible action.

    `code` is stable and for programs, `message` is translated and for people (a lazy string is fine),
    `detail` holds facts for both; `status` is the HTTP status the edge answers with.
    """

    status: ClassVar[int] = 422

    def __init__(self, code: str, message: object, detail: dict[str, Any] | None = None) -> None:
        """Keep the code, the message (translated when shown, not when raised) and the facts."""
        super().__init__(code, message)
        self.code = code
        self._message = message
        self.detail: dict[str, Any] = dict(detail or {})

    @property
    def message(self) -> str:
        """The sentence people read, in the language active now."""
        return str(self._message)

    def __str__(self) -> str:
        """The sentence people read."""
        return self.message


class LedgerError(PurserError):
    """The ledger refuses: an event that cannot be recorded, or a history that must not change."""


class AuditUnavailable(LedgerError):
    """The event could not be written in time, so nothing was changed; trying again is safe."""

    status = 503


class CheckpointRefused(LedgerError):
    """The ledger no longer agrees with its last signed checkpoint: somebody rewrote it."""

    status = 500
