"""Background work of the token service."""

from celery import shared_task
from django.utils import timezone

from audit.ledger.actors import system
from grants.tokens.probing import key_store
from grants.tokens.sealing import seal


@shared_task
def rotate_keys() -> str:
    """Renew the signing leaf when it has too little life left; returns its name."""
    key_store().current_leaf(now=timezone.now())
    return key_store().newest_leaf_name()


@shared_task(name="grants.tokens.tasks.seal")
def seal_tokens() -> int:
    """Commit the newest run of the token log to the ledger."""
    return seal(by=system("tokens"), now=timezone.now())
