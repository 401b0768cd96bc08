"""What accounts refuse."""

from audit.ledger.errors import PurserError


class AccountError(PurserError):
    """A token or password that cannot be made: `bad_scopes`, `bad_days`, `bad_name`, `local_accounts_off`."""


class NotYours(AccountError):
    """Codes: `not_yours`, `scope_not_held`, `person_disabled`."""

    status = 403


class DeviceError(AccountError):
    """Why a device has no token yet; the codes are those of RFC 8628, section 3.5."""

    status = 400
