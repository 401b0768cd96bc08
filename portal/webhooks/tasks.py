"""Background work that webhooks begin."""

import structlog
from celery import shared_task
from django.utils import timezone

from grants.catalogue.lanes import Lanes
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
def read_missing_harbor_scans() -> None:
    """Have the reports read that no webhook told of, each Harbor in a lane of its own. It does not wait for them."""
    for key in Registry.objects.filter(kind="harbor").order_by("pk").values_list("key", flat=True):
        lanes.ask(key)


def read_missing_at(key: str) -> int:
    """Read the reports no webhook told of at the Harbor with this key; how many were kept."""
    row = Registry.objects.filter(key=key, kind="harbor").first()
    if row is None:
        return 0
    try:
        with harbor_reader(row) as reader:
            return read_missing(registry=row, reader=reader, now=timezone.now())
    except ConnectorError as error:
        log.warning("harbor_scans_not_read", registry=key, error=str(error))
        return 0


lanes = Lanes(read_missing_at, named="scans at")
