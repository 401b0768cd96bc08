"""The rate card as a table of the transaction: one definition of prices, in `pricing`, for every statement."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db import connection

from audit.costs.models import Rate
from audit.costs.pricing import RateCard, RateRow, micros

Triple = tuple[str, str, str]
"""Type, cluster, class."""
_MAKE = """
    CREATE TEMP TABLE costs_card (
        gpu_type text, cluster text, pricing_class text, first date, after date, price numeric(14, 6), micros bigint
    ) ON COMMIT DROP
"""
_FILL = """
    INSERT INTO costs_card
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::date[], %s::numeric[], %s::bigint[])
"""
_TRIPLES = """
    SELECT gpu_type, cluster, pricing_class FROM costs_usagekey
    UNION SELECT gpu_type, cluster, pricing_class FROM costs_capacity WHERE day BETWEEN %s AND %s
"""


def rate_rows() -> list[RateRow]:
    """All that was ever published, row by row."""
    columns = ("gpu_type", "from_day", "price", "cluster", "pricing_class", "revision__number")
    return [RateRow(*row) for row in Rate.objects.values_list(*columns)]


def rate_card() -> RateCard:
    """All that was ever published, to be asked for a price."""
    return RateCard(rate_rows())


def used_triples(first: date, last: date) -> set[Triple]:
    """What was ever used or, in these days, provisioned."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIPLES, [first, last])
        return {(gpu_type, cluster, pricing_class) for gpu_type, cluster, pricing_class in cursor.fetchall()}


def use_card(card: RateCard, triples: Iterable[Triple], *, first: date, last: date) -> None:
    """Put the prices of these days into the table `costs_card`, for the rest of the transaction."""
    rows: list[tuple[Any, ...]] = []
    after = last + timedelta(days=1)
    for gpu_type, cluster, pricing_class in sorted(set(triples)):
        which = {"gpu_type": gpu_type, "cluster": cluster, "pricing_class": pricing_class}
        for one in card.stretches(first=first, after=after, **which):
            price = None if one.price is None else micros(one.price)
            rows.append((gpu_type, cluster, pricing_class, one.first, one.after, one.price, price))
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(7)]
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.costs_card")
        cursor.execute(_MAKE)
        cursor.execute(_FILL, columns)
        cursor.execute("ANALYZE costs_card")
