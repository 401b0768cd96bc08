"""What the catalogue refuses."""

from audit.ledger.errors import PurserError


class CatalogueError(PurserError):
    """A mark or an upload that cannot be taken."""

    status = 422


class BadReport(CatalogueError):
    """A scan report that is not what it should be."""


class TargetFileInvalid(CatalogueError):
    """A file of targets with faults; `faults` has a sentence for each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("target_file_invalid", "\n".join(faults))
        self.faults = faults
