"""What the winding down of a project refuses."""

from audit.ledger.errors import PurserError


class WindDownError(PurserError):
    """A change of a project's end that cannot be made; nothing was changed."""


class WindDownRefused(WindDownError):
    """Code: `not_a_lead`."""

    status = 403


class WindDownConflict(WindDownError):
    """Code: `not_running`: nothing is about to end, or it has ended."""

    status = 409


class WindDownInvalid(WindDownError):
    """Codes: `reason_required`, `not_later` (than the end as it stands), `too_long` (detail `until`)."""

    status = 422
