"""Background work that webhooks begin."""

import structlog
from celery import shared_task
from django.utils import timezone

from grants.catalogue.models import Registry
from grants.connectors.errors import ConnectorError
from portal.webhooks.harbor_scans import harbor_reader, read_missing, read_scan

log = structlog.get_logger(__name__)


@shared_task(name="portal.webhooks.tasks.read_harbor_scan", ignore_result=True)
def read_harbor_scan(registry: str, repository: str, digest: str) -> None:
    """Read one report that a webhook told of."""
    row = Registry.objects.get(key=registry, kind="harbor")
    with harbor_reader(row) as reader:
        read_scan(registry=row, repository=repository, digest=digest, reader=reader, now=timezone.now())


@shared_task(name="portal.webhooks.tasks.read_missing_harbor_scans", ignore_result=True)
def read_missing_harbor_scans() -> int:
    """Read the reports no webhook told of, at every Harbor; one that cannot be read does not stop the others."""
    kept = 0
    for row in Registry.objects.filter(kind="harbor").order_by("pk"):
        try:
            with harbor_reader(row) as reader:
                kept += read_missing(registry=row, reader=reader, now=timezone.now())
        except ConnectorError as error:
            log.warning("harbor_scans_not_read", registry=row.key, error=str(error))
    return kept
