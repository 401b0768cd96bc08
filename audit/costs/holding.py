"""Files of usage between the look at what they would do and the word that they be taken."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit.costs.errors import CostNotFound
from audit.costs.models import HeldFile, Source
from audit.ledger.actors import Actor

KEPT = timedelta(hours=1)


def hold_file(
    *, data: bytes, name: str, source: Source, file_format: str, by: Actor, now: datetime
) -> HeldFile:
    """Keep a file for an hour under a name that cannot be guessed. What is older goes.

    Records nothing: nothing of it counts until it is taken.
    """
    HeldFile.objects.filter(at__lt=now - KEPT).delete()
    return HeldFile.objects.create(
        key=secrets.token_urlsafe(24),
        source=source,
        name=name[:200],
        format=file_format,
        data=data,
        digest=hashlib.sha256(data).hexdigest(),
        by=by.label,
        at=now,
    )


def held_file(*, key: str, source: Source, by: Actor, now: datetime) -> HeldFile:
    """The file that this actor brought for this source within the hour. Raises CostNotFound `file_gone`."""
    kept = HeldFile.objects.filter(key=key, source=source, by=by.label, at__gte=now - KEPT).first()
    if kept is None:
        raise CostNotFound("file_gone", _("The file is no longer kept. Choose it again."))
    return kept


def drop_file(*, key: str, by: Actor) -> None:
    """Forget a file that its bringer no longer wants, or that was taken."""
    HeldFile.objects.filter(key=key, by=by.label).delete()
