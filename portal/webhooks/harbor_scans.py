"""What a Harbor's scanner found becomes a scan in the catalogue, by the same door as an uploaded report."""

from datetime import datetime

import structlog

from audit.ledger.actors import system
from grants.catalogue.errors import BadReport
from grants.catalogue.models import Image, Registry, Scan, Version
from grants.catalogue.reports import Unreadable, read_report
from grants.catalogue.services import upload_scan
from grants.connectors.errors import NotFound
from grants.connectors.harbor_reader import HarborReader, harbor_tokens
from grants.connectors.harbor_wire import HarborWire
from grants.connectors.registry import RegistryClient
from portal.targets import secret

MOST_VERSIONS = 200
"""So many versions without a scan are asked for in one run."""
SCANNER = system("harbor")
log = structlog.get_logger(__name__)


def harbor_reader(registry: Registry) -> HarborReader:
    """A reader of this Harbor for the catalogue. Raises Permanent when its password is not there."""
    options = registry.options
    wire = HarborWire(
        registry.api_url, user=options.get("username", ""), secret=secret(options.get("password"))
    )
    docker = RegistryClient(registry.api_url, token_for=harbor_tokens(wire))
    return HarborReader(wire, docker, projects=options.get("projects", ()))


def read_scan(
    *, registry: Registry, repository: str, digest: str, reader: HarborReader, now: datetime
) -> Scan | None:
    """Keep Harbor's report on one version; None when there is none, it is known already, or the version is not.

    Records `grants.scan.uploaded`. Raises ConnectorError.
    """
    image = Image.objects.filter(registry=registry, repository=repository).first()
    if image is None or not image.versions.filter(digest=digest).exists():
        return None
    try:
        report = reader.scan_report(repository, digest)
    except NotFound:
        return None
    if report is None or _is_known(image, digest, report):
        return None
    try:
        return upload_scan(image=image, report=report, by=SCANNER, now=now, digest=digest)
    except BadReport as error:
        log.warning("harbor_report_not_taken", repository=repository, digest=digest, reason=error.code)
        return None


def read_missing(*, registry: Registry, reader: HarborReader, now: datetime) -> int:
    """Read the reports on versions that have no scan yet, the newest first; how many were kept.

    A webhook that got lost costs the time until this runs. Raises ConnectorError.
    """
    bare = Version.objects.filter(image__registry=registry, image__present=True, scans=None)
    rows = bare.select_related("image").order_by("-pk")[:MOST_VERSIONS]
    kept = [
        read_scan(
            registry=registry, repository=row.image.repository, digest=row.digest, reader=reader, now=now
        )
        for row in rows
    ]
    return sum(scan is not None for scan in kept)


def _is_known(image: Image, digest: str, report: bytes) -> bool:
    try:
        at = read_report(report).scanned_at
    except Unreadable:
        return False
    return Scan.objects.filter(version__image=image, version__digest=digest, scanned_at=at).exists()
