"""What grants refuse, and with which HTTP hint. Programs read `code`, people read `message`."""

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.ledger.errors import PurserError
from grants.lifecycle.models import Grant
from grants.lifecycle.states import No


class GrantError(PurserError):
    """A refused or impossible change of a grant; nothing was changed."""


class GrantRefused(GrantError):
    """The person may not do that, whatever the state."""

    status = 403


class GrantConflict(GrantError):
    """The grant is no longer where the change needs it to be; `detail` says who moved it, and when."""

    status = 409


class GrantInvalid(GrantError):
    """What was asked makes no sense for a grant: an empty bundle, a window that is over."""

    status = 422


class BrakeError(PurserError):
    """A decision on what the brake holds back that cannot be made; nothing was changed."""


class BrakeRefused(BrakeError):
    """Not for this person. Code: `not_an_administrator`."""

    status = 403


class BrakeConflict(BrakeError):
    """Codes: `already_closed` (detail says by whom), `changed` (more was added than was seen)."""

    status = 409


class BrakeInvalid(BrakeError):
    """Code: `reason_required`."""

    status = 422


_REFUSED = {
    No.NOT_ALLOWED: gettext_lazy("You cannot change this access."),
    No.OWN_ACCESS: gettext_lazy(
        "You cannot extend access of your own team or your own access. Send a new request."
    ),
}


def error_for(code: No, grant: Grant) -> GrantError:
    """The error of a refused move: 403 by who asks, 409 by where the grant stands."""
    if code in _REFUSED:
        return GrantRefused(code.value, _REFUSED[code], {"grant": grant.pk})
    return conflict(code.value, grant, _sentence(code))


def conflict(code: str, grant: Grant, sentence: str) -> GrantConflict:
    """A conflict that names who changed the grant and when; `sentence` has places for `who` and `when`."""
    when = date_format(localtime(grant.changed_at), "DATETIME_FORMAT")
    detail = {
        "grant": grant.pk,
        "status": grant.status,
        "reason": grant.end_reason,
        "ends": grant.ends.isoformat(),
        "by": grant.changed_by,
        "at": grant.changed_at.isoformat(),
    }
    return GrantConflict(code, sentence % {"who": grant.changed_by, "when": when}, detail)


def _sentence(code: No) -> str:
    match code:
        case No.OVER:
            return _("This access has ended already (%(who)s, %(when)s).")
        case No.ENDING:
            return _("This access is ending already (%(who)s, %(when)s).")
        case No.NOT_STARTED:
            return _("This access is not at that point yet (%(who)s, %(when)s).")
    return _("This was done already (%(who)s, %(when)s).")
