"""Checks outside the database: broker, worker, the registry's certificate. Each may be cut off from outside."""

from datetime import datetime, timedelta

from django.core.cache import cache
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from grants.tokens.probing import key_store
from portal.celery import app
from portal.pages.health.tasks import SEEN_KEY

SILENT = timedelta(seconds=60)
"""The worker gives a sign of life every few seconds."""

RENEW = timedelta(days=60)
"""Registries must be given a new CA before the old one ends, by hand."""

QUICK = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}


def broker(now: datetime) -> tuple[str, str]:
    """Whether a channel can be opened at the broker; a Redis channel pings when it opens."""
    with app.connection_for_write(connect_timeout=1, transport_options=QUICK) as link:
        link.channel().close()
    return "working", ""


def worker(now: datetime) -> tuple[str, str]:
    """Whether scheduler and worker carried a task to its end within the last minute."""
    seen = cache.get(SEEN_KEY)
    if seen is None:
        return "failing", _("No worker has been seen")
    at = datetime.fromisoformat(seen)
    if now - at > SILENT:
        return "failing", _("Last seen %(time)s ago") % {"time": timesince(at, now, depth=1)}
    return "working", ""


def certificate(now: datetime) -> tuple[str, str]:
    """How long registries go on trusting the tokens' CA."""
    ends = key_store().ca_ends()
    if ends is None:
        return "not_set_up", _("It is made when the first token is")
    if ends <= now:
        return "failing", _("It has ended: registries refuse every token")
    if ends - now < RENEW:
        return "slow", _("It ends in %(time)s") % {"time": timesince(now, ends, depth=1)}
    return "working", _("Ends in %(time)s") % {"time": timesince(now, ends, depth=1)}
