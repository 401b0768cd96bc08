"""Months of the partitioned tables, made before the rows come."""

from datetime import date

from django.db import connection
from django.utils.translation import gettext_lazy as _

from audit.costs.errors import CostError

FIRST, LAST = date(2000, 1, 1), date(2099, 12, 31)


def ensure_months(first: date, last: date) -> None:
    """Make the partitions from `first` to `last`, both inside; call it outside the transaction of a load.

    Raises CostError `bad_period` for days that no partition may hold.
    """
    if first < FIRST or last > LAST or (last - first).days > 3700:
        raise CostError(
            "bad_period", _("These days are too far away or too many."), {"days": f"{first} {last}"}
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT costs_ensure_months(%s, %s)", [first, last])
