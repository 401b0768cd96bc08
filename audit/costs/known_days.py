"""The days about which anything is known."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, Min
from django.utils import timezone

from audit.costs.models import Slice
from audit.costs.records import Facts


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the reporting time zone, both ends inside."""

    first: date
    last: date

    def each(self) -> list[date]:
        """All of them, in order."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    def within(self, first: date | None, last: date | None) -> "Days | None":
        """Those of them from `first` to `last`, None when there are none; None as an end stands for no limit."""
        low, high = max(self.first, first or self.first), min(self.last, last or self.last)
        return Days(low, high) if low <= high else None


def known_days() -> Days | None:
    """From the first to the last day that a source has spoken of, None when none has."""
    ends = Slice.objects.exclude(facts=Facts.BILL).aggregate(first=Min("start"), last=Max("start"))
    if ends["first"] is None:
        return None
    return Days(timezone.localtime(ends["first"]).date(), timezone.localtime(ends["last"]).date())
