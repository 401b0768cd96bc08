"""The one SQL call that appends events to the chain."""

import json
from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from django.db import connection

from .types import NewEvent, Span

_NAMES = tuple(field.name for field in fields(NewEvent))
_values = attrgetter(*_NAMES)
_APPEND = "SELECT first, last FROM ledger_append(%s::json)"


def append_events(events: Sequence[NewEvent]) -> Span:
    """Append the events in order under the chain's lock; the last statement of a transaction.

    The database assigns sequence and time. Raises DatabaseError when the lock is not had within two
    seconds or the events cannot be inserted.
    """
    # The lock lasts to the commit. Sent along, the commit does not wait for this process to get its turn,
    # and eight writers are several times faster; Django then finds nothing left to commit. Inside a
    # savepoint (a test's own transaction) the commit is not ours to give.
    statement = _APPEND if connection.savepoint_ids else f"{_APPEND}; COMMIT"
    with connection.cursor() as cursor:
        cursor.execute(statement, [_as_json(events)])
        first, last = cursor.fetchone()
    return Span(first=first, last=last)


def _as_json(events: Sequence[NewEvent]) -> str:
    rows = [dict(zip(_NAMES, _values(event), strict=True)) for event in events]
    return json.dumps(rows, ensure_ascii=False)
