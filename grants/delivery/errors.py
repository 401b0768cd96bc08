"""What delivery refuses to people."""

from audit.ledger.errors import PurserError


class NotAllowed(PurserError):
    """Somebody who does not look after the access's project. Code: `not_a_lead`."""

    status = 403


class NotExportable(PurserError):
    """A target of which no file can be made. Code: `bad_options`: its settings are incomplete."""

    status = 409
