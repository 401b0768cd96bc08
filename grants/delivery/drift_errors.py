"""What drift detection refuses."""

from audit.ledger.errors import PurserError


class NotScannable(PurserError):
    """A target that cannot be looked at: `unknown_target`, `keeps_nothing`, `scan_running`."""

    status = 409


class NotDecidable(PurserError):
    """A decision that cannot be made.

    Codes: `not_an_administrator`, `over`, `not_ours`, `no_grant_gives_it`, `more_than_granted`, `nothing_to_adopt`,
    `reason_missing`, `until_missing`, `until_wrong`, `nobodys`, `nothing_held`.
    """

    status = 422


class NotAnAdministrator(NotDecidable):
    """Only administrators decide about drift."""

    status = 403
