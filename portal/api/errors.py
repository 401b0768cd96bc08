"""What the API itself refuses; the rooms' services refuse the rest."""

from audit.ledger.errors import PurserError


class NotAllowed(PurserError):
    """Codes: `not_an_administrator`, `not_an_approver`."""

    status = 403


class NotUnderstood(PurserError):
    """Codes: `bad_cursor`."""

    status = 400


class ImportRefused(PurserError):
    """A directory file with faults (`import_faults`); detail `faults` has one entry for each."""
