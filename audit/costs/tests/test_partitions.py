"""Months are added as they come, once, by the application itself."""

from datetime import date

import pytest
from django.db import connection

pytestmark = pytest.mark.django_db
PARTS = (
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'costs_usage'::regclass ORDER BY 1"
)


def ensure(first: date, last: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT costs_ensure_months(%s, %s)", [first, last])
        return int(cursor.fetchone()[0])


def test_months_are_made_once_for_all_four_tables():
    assert ensure(date(2031, 11, 30), date(2032, 1, 1)) == 12
    assert ensure(date(2031, 12, 1), date(2031, 12, 31)) == 0
    with connection.cursor() as cursor:
        cursor.execute(PARTS)
        parts = [row[0] for row in cursor.fetchall()]
    assert [one for one in parts if "_203" in one] == [
        "costs_usage_203111", "costs_usage_203112", "costs_usage_203201",
    ]  # fmt: skip


def test_a_row_finds_its_month():
    ensure(date(2031, 11, 1), date(2031, 11, 1))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO costs_usage (day, start, seconds, slice_id, key_id, place_id, gpus)"
            " VALUES ('2031-11-05', '2031-11-05 10:00Z', 3600, 1, 1, 1, 0.25)"
            " RETURNING tableoid::regclass::text, id > 0"
        )
        assert cursor.fetchone() == ("costs_usage_203111", True)
