"""Background work of the catalogue."""

import structlog
from celery import shared_task
from django.utils import timezone

from audit.ledger.actors import system
from grants.catalogue.lanes import Lanes
from grants.catalogue.models import Registry
from grants.catalogue.readers import reader_for
from grants.catalogue.sync import sync_registry
from grants.connectors.errors import ConnectorError

log = structlog.get_logger(__name__)


@shared_task
def sync() -> None:
    """Have every registry read, each in a lane of its own.

    It does not wait for them: registries that do not answer hold up neither each other nor other tasks.
    """
    for key in Registry.objects.order_by("pk").values_list("key", flat=True):
        lanes.ask(key)


def read(key: str) -> None:
    """Read one registry into the catalogue; what could not be read is said in the log."""
    registry = Registry.objects.filter(key=key).first()
    if registry is None:
        return
    try:
        client = reader_for(registry)
        report = sync_registry(registry=registry, client=client, by=system("catalogue"), now=timezone.now())
    except ConnectorError as error:
        log.warning("registry_not_read", registry=key, error=str(error))
        return
    for repository, problem in report.failed.items():
        log.warning("repository_not_read", registry=key, repository=repository, error=problem)


lanes = Lanes(read, named="reading of")
