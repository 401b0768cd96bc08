"""What the catalogue refuses."""

from audit.ledger.errors import PurserError


class CatalogueError(PurserError):
    """A mark or an upload that cannot be taken."""

    status = 422


class BadReport(CatalogueError):
    """A scan report that is not what it should be."""
