"""Hours that are worked on together: those of one month, whatever the number of rows. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any

from audit.costs.splitting import days_of


@dataclass(frozen=True, slots=True)
class Stretch:
    """UTC hours of one month in order, and the days of the reporting time zone they touch."""

    hours: list[datetime]
    days: list[date]

    @property
    def parameters(self) -> dict[str, Any]:
        """What statements are narrowed by: bounds for partitions and indexes, lists for what is meant."""
        return {
            "hours": self.hours,
            "days": self.days,
            "low": self.hours[0],
            "high": self.hours[-1] + timedelta(hours=1),
            "first_day": self.days[0],
            "last_day": self.days[-1],
        }


def by_month(hours: Iterable[datetime], zone: tzinfo) -> list[Stretch]:
    """The hours month by month: as many statements as months."""
    grouped = groupby(sorted(set(hours)), key=lambda hour: (hour.year, hour.month))
    listed = [list(members) for _month, members in grouped]
    return [Stretch(members, days_of(members, zone)) for members in listed]
