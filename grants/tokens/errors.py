"""What the credentials room refuses."""

from audit.ledger.errors import PurserError


class CredentialError(PurserError):
    """A credential that cannot be made or ended as asked."""

    status = 422


class NotAllowed(CredentialError):
    """Somebody else's credential, or a project one does not lead."""

    status = 403


class ClusterRefused(CredentialError):
    """A cluster whose tokens cannot be accepted as asked: `bad_key`, `no_audience`, `no_keys`, `no_cluster`."""
