"""What is wrong with records, all of it at once, before anything is stored. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from audit.costs.gpu_names import folded
from audit.costs.records import (
    WINDOW_MINUTES,
    ActivityRecord,
    BillRecord,
    CapacityRecord,
    Fault,
    Measured,
    PricingClass,
    Reading,
    UsageRecord,
)
from audit.costs.types import HOUR_MS, ZERO

MOST_TOLD = 500
SLACK_MS = 36_000
"""Active hours of a source are often rounded to a hundredth of an hour."""
MOST_GPUS = 100_000
MOST_MONEY = Decimal(10) ** 11
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOW = timedelta(minutes=WINDOW_MINUTES)
CLASSES = frozenset(PricingClass)
MESSAGES = {
    "bad_bounds": _("The stretch of time is not made of whole hours (invoices: whole days) in UTC."),
    "not_announced": _("A record of a kind that the source did not announce."),
    "bad_time": _("The end is not after the start, or a time has no zone."),
    "outside": _("The record lies outside the stretch of time that was read."),
    "missing": _("A value is missing."),
    "too_long": _("The text is too long."),
    "bad_text": _("The text has signs that cannot be kept."),
    "bad_number": _("The number is out of range."),
    "bad_window": _("A window of activity starts at a whole ten minutes."),
    "bad_class": _("There is no such pricing class."),
    "many": _("There are more faults than are listed."),
}
LENGTHS = {
    "cluster": 80, "node": 120, "namespace": 120, "gpu": 80, "workload": 250, "container": 120, "image": 300,
    "digest": 80, "metric": 60, "gpu_type": 200, "sku": 80, "description": 300, "currency": 3, "invoice_month": 6,
}  # fmt: skip
_PLACE = ("cluster", "node", "namespace", "gpu", "workload")
_USAGE = (*_PLACE, "gpu_type", "container", "image", "digest")


class Faults:
    """Collects what is wrong; texts that were found good once are not looked at again."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        self.count = 0
        self._good: set[tuple[object, ...]] = set()

    def say(self, line: int, field: str, code: str) -> bool:
        """Note one fault; returns False, so that a check can end with it."""
        self.extend([Fault(line, field, code, MESSAGES[code])])
        return False

    def extend(self, faults: Iterable[Fault]) -> None:
        """Note faults that somebody else found."""
        for fault in faults:
            self.count += 1
            if self.count <= MOST_TOLD:
                self.found.append(fault)

    def texts(self) -> list[str]:
        """One sentence for each, for the detail of a refusal."""
        told = [_sentence(fault) for fault in self.found]
        return [*told, str(MESSAGES["many"])] if self.count > MOST_TOLD else told

    def stretch(self, line: int, start: datetime, end: datetime, reading: Reading) -> bool:
        """Whether the times are good and inside the reading."""
        if start.tzinfo is None or end.tzinfo is None or start >= end:
            return self.say(line, "start", "bad_time")
        if start < reading.start or end > reading.end:
            return self.say(line, "start", "outside")
        return True

    def usage(self, line: int, one: UsageRecord) -> bool:
        """Whether the texts of a usage record can be kept."""
        metric = one.measured.metric if one.measured else ""
        good = self._texts(line, one, _USAGE, [getattr(one, name) for name in _USAGE])
        if one.pricing_class not in CLASSES:
            good = self.say(line, "pricing_class", "bad_class")
        if one.measured and not metric:
            good = self.say(line, "metric", "missing")
        return self._text(line, "metric", metric) and good

    def gpus(self, line: int, gpus: Decimal, *, least: Decimal) -> bool:
        """Whether a number of GPUs can be kept."""
        return _within(gpus, least, MOST_GPUS) or self.say(line, "gpus", "bad_number")

    def measured(self, line: int, given: Measured, ms: int) -> bool:
        """Whether activity that came with so many milliseconds of use can be."""
        good = _within(given.activity, ZERO, 1) or self.say(line, "activity", "bad_number")
        if not _within(given.active_hours * HOUR_MS, ZERO, ms + SLACK_MS):
            good = self.say(line, "active_hours", "bad_number")
        return good

    def activity(self, line: int, one: ActivityRecord) -> bool:
        """Whether a window can be kept."""
        texts = (one.cluster, one.node, one.namespace, one.gpu, one.workload, one.metric)
        good = texts in self._good or self._texts(line, one, (*_PLACE, "metric"), texts)
        if good:
            self._good.add(texts)
        if not (one.gpu or one.workload):
            good = self.say(line, "gpu", "missing")
        if not _within(one.activity, ZERO, 1):
            good = self.say(line, "activity", "bad_number")
        if (one.start - _EPOCH) % _WINDOW:
            good = self.say(line, "start", "bad_window")
        return good

    def capacity(self, line: int, one: CapacityRecord) -> bool:
        """Whether a record of capacity can be kept."""
        good = self._texts(line, one, ("cluster", "gpu_type"), (one.cluster, one.gpu_type))
        good = self.gpus(line, one.gpus, least=ZERO) and good
        if one.pricing_class not in CLASSES:
            good = self.say(line, "pricing_class", "bad_class")
        return good

    def bill(self, line: int, one: BillRecord, reading: Reading) -> bool:
        """Whether a line of an invoice can be kept."""
        names = ("cluster", "gpu_type", "sku", "description", "currency", "invoice_month")
        good = self._each(line, names, [getattr(one, name) for name in names])
        if not reading.start.date() <= one.day < reading.end.date():
            good = self.say(line, "day", "outside")
        if not one.currency:
            good = self.say(line, "currency", "missing")
        for name in ("hours", "cost", "credits"):
            if not _within(getattr(one, name), -MOST_MONEY, ZERO if name == "credits" else MOST_MONEY):
                good = self.say(line, name, "bad_number")
        return good

    def _texts(self, line: int, one: object, names: tuple[str, ...], texts: Sequence[str]) -> bool:
        good = self._each(line, names, texts)
        for name in ("cluster", "gpu_type"):
            if name in names and not getattr(one, name).strip():
                good = self.say(line, name, "missing")
        if "gpu_type" in names and good and not folded(texts[names.index("gpu_type")]):
            good = self.say(line, "gpu_type", "bad_text")
        return good

    def _each(self, line: int, names: Sequence[str], texts: Sequence[str]) -> bool:
        # Every text is looked at: all faults are told at once.
        bad = [name for name, text in zip(names, texts, strict=True) if not self._text(line, name, text)]
        return not bad

    def _text(self, line: int, name: str, text: str) -> bool:
        if len(text) > LENGTHS[name]:
            return self.say(line, name, "too_long")
        if not text.isprintable() and any(sign < " " or "\ud800" <= sign <= "\udfff" for sign in text):
            return self.say(line, name, "bad_text")
        return True


def _within(value: Decimal, low: Decimal, high: Decimal | int) -> bool:
    return value.is_finite() and low <= value <= high


def _sentence(fault: Fault) -> str:
    words = str(fault.message)
    named = f"{fault.field}: {words}" if fault.field else words
    return str(_("Line %(line)d: %(fault)s") % {"line": fault.line, "fault": named}) if fault.line else named
