"""What a GPU hour costs, and what GPU time costs at that price. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from audit.costs.types import HOUR_MS

MICRO = Decimal("0.000001")
_HALF = HOUR_MS // 2


@dataclass(frozen=True, slots=True)
class RateRow:
    """One row of the rate card; an empty cluster or class stands for every one, `price` None ends the price."""

    gpu_type: str
    from_day: date
    price: Decimal | None
    cluster: str = ""
    pricing_class: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A price that holds from `first` up to, not including, `after`."""

    first: date
    after: date
    price: Decimal | None


class RateCard:
    """The rate card of all revisions, asked for a price."""

    def __init__(self, rows: Iterable[RateRow]) -> None:
        ordered = sorted(rows, key=lambda row: (row.from_day, row.revision))
        self._prices: dict[tuple[str, str, str], list[RateRow]] = {}
        for row in ordered:
            self._prices.setdefault((row.gpu_type, row.cluster, row.pricing_class), []).append(row)

    def price(self, *, gpu_type: str, cluster: str, pricing_class: str, day: date) -> Decimal | None:
        """The price of one GPU hour on that day, None when there is none.

        The most specific price that is running: of cluster and class, of the cluster, of the class, of the
        type alone; of one of these the row with the latest day that has come, and of that day the latest
        revision. A price that has ended leaves the word to the next one.
        """
        for key in _keys(gpu_type, cluster, pricing_class):
            rows = [row for row in self._prices.get(key, ()) if row.from_day <= day]
            if rows and rows[-1].price is not None:
                return rows[-1].price
        return None

    def stretches(
        self, *, gpu_type: str, cluster: str, pricing_class: str, first: date, after: date
    ) -> Iterator[Stretch]:
        """The prices of the days from `first` up to `after`, without gaps; equal neighbours are one."""
        starts = {
            row.from_day
            for key in _keys(gpu_type, cluster, pricing_class)
            for row in self._prices.get(key, ())
            if first < row.from_day < after
        }
        current = Stretch(first, first, None)
        for day in sorted(starts | {first}):
            price = self.price(gpu_type=gpu_type, cluster=cluster, pricing_class=pricing_class, day=day)
            if day != first and price == current.price:
                continue
            if day != first:
                yield Stretch(current.first, day, current.price)
            current = Stretch(day, day, price)
        yield Stretch(current.first, after, current.price)


def amount(ms: int, price: Decimal) -> Decimal:
    """What so many GPU milliseconds cost, rounded half to even to six places; `costs_money` in SQL is the same."""
    whole, rest = divmod(ms * micros(price), HOUR_MS)
    up = rest > _HALF or (rest == _HALF and whole % 2 == 1)
    return (whole + up) * MICRO


def micros(price: Decimal) -> int:
    """A price in millionths of the currency; a price never has more places."""
    return int(price.quantize(MICRO, ROUND_HALF_EVEN).scaleb(6))


def last_day() -> date:
    """The last day that partitions may hold; prices run up to it."""
    return date(2100, 1, 1) - timedelta(days=1)


def _keys(gpu_type: str, cluster: str, pricing_class: str) -> Iterator[tuple[str, str, str]]:
    yield gpu_type, cluster, pricing_class
    yield gpu_type, cluster, ""
    yield gpu_type, "", pricing_class
    yield gpu_type, "", ""
