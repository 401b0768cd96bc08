"""What the directory refuses."""

from audit.ledger.errors import PurserError


class DirectoryError(PurserError):
    """A change of the directory that cannot be made."""


class SignInRefused(DirectoryError):
    """An identity that may not sign in.

    Codes: `person_disabled`; `address_not_verified`, `user_name_taken`, `identity_conflict` (the directory
    knows somebody who may be the same human being, and guessing would let one pass for another).
    """

    status = 403


class NotAllowed(DirectoryError):
    """Codes: `own_account`."""

    status = 403
