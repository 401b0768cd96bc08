"""The one SQL call that appends events to the chain."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from django.db import connection

from .types import NewEvent, Span

_APPEND = "SELECT first, last FROM ledger_append(%s::json)"


def append_events(events: Sequence[NewEvent]) -> Span:
    """Append the events in order under the chain's lock; the last statement of a transaction.

    The database assigns sequence and time. Raises DatabaseError when the lock is not had within two
    seconds or the events cannot be inserted.
    """
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [json.dumps([asdict(event) for event in events], ensure_ascii=False)])
        first, last = cursor.fetchone()
    return Span(first=first, last=last)
