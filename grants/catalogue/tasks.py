"""Background work of the catalogue."""

import structlog
from celery import shared_task
from django.utils import timezone

from audit.ledger.actors import system
from grants.catalogue.models import Registry
from grants.catalogue.readers import reader_for
from grants.catalogue.sync import sync_registry
from grants.connectors.errors import ConnectorError

log = structlog.get_logger(__name__)


@shared_task
def sync() -> int:
    """Read every registry; one that cannot be read does not keep the others from being read."""
    done = 0
    for registry in Registry.objects.order_by("pk"):
        try:
            report = sync_registry(
                registry=registry, client=reader_for(registry), by=system("catalogue"), now=timezone.now()
            )
        except ConnectorError as error:
            log.warning("registry_not_read", registry=registry.key, error=str(error))
        else:
            done += 1
            for repository, problem in report.failed.items():
                log.warning(
                    "repository_not_read", registry=registry.key, repository=repository, error=problem
                )
    return done
