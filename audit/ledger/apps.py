"""The ledger as a Django app."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from .checks import check_role


class LedgerConfig(AppConfig):
    """Registers the ledger and its system checks."""

    name = "audit.ledger"
    label = "ledger"
    verbose_name = "Audit ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        register(check_role, Tags.database)
