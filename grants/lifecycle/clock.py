"""The database's clock: it alone decides whether a window is open."""

from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def database_time() -> datetime:
    """The database's present time, UTC: of this moment, however long the transaction has waited for a lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        time: datetime = cursor.fetchone()[0]
    return time


def moment(at: datetime | None) -> Combinable:
    """`at` for a query, or, when None, the database's time at the start of the statement."""
    return Now() if at is None else Value(at, output_field=DateTimeField())
