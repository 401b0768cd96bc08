"""`manage.py keep_registry`: make the registry that the settings describe known, or follow changed settings."""

import getpass
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from audit.ledger.actors import operator
from grants.catalogue.registries import keep_registry


class Command(BaseCommand):
    """Run after `migrate`, and again whenever a REGISTRY_ setting changed."""

    help = "Make the registry of REGISTRY_KEY, _NAME, _HOST, _URL and _SERVICE known, or correct it."

    def handle(self, *_args: Any, **_options: Any) -> None:
        wanted = {field: settings.REGISTRY[field] for field in ("key", "name", "host", "api_url", "service")}
        registry, changed = keep_registry(**wanted, by=operator(getpass.getuser()))
        self.stdout.write(f"{registry.host}: {'written down' if changed else 'as it was'}")
