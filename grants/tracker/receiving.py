"""Taking a webhook in: remember it, make what it is about due, wake a worker. Jira is not asked here."""

import hashlib
import re
from datetime import datetime

from django.db import IntegrityError, transaction

from grants.connectors.jira import WebhookFacts
from grants.tracker.models import Watch, WebhookReceipt
from grants.tracker.tasks import wake
from grants.tracker.types import Receipt
from grants.tracker.watches import concerned, make_due

_IDENTIFIER = re.compile(r"[\x21-\x7e]{1,100}")


def receive(facts: WebhookFacts, *, raw: bytes, identifier: str, now: datetime) -> Receipt:
    """Take one authenticated webhook. It is only a hint, so late, doubled and reordered ones do no harm.

    `identifier` is Jira Cloud's, empty for Data Center. About nothing we follow: ignored, and not kept.
    """
    watches = list(concerned(facts).order_by("pk"))
    if not watches:
        return "ignored"
    receipt = WebhookReceipt(
        identifier=identifier if _IDENTIFIER.fullmatch(identifier) else None,
        digest=hashlib.sha256(raw).digest() if facts.at else None,
        watch=watches[0],
        event=facts.event,
        jira_id=facts.issue_id or facts.project_id,
        key=facts.issue_key or facts.project_key,
        sent_at=facts.at,
        received_at=now,
    )
    try:
        with transaction.atomic():
            receipt.save(force_insert=True)
            make_due(Watch.objects.filter(pk__in=[watch.pk for watch in watches]), now=now)
            wake()
    except IntegrityError:
        return "duplicate"
    return "stored"
