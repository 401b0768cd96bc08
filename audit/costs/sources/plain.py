"""The plain CSV format: one row for each hold on GPUs, or for GPUs that were there (docs/costs/sources.md). Pure."""

from decimal import Decimal

from audit.costs.records import CapacityRecord, Measured, PricingClass, Reading, UsageRecord
from audit.costs.sources import limits, values
from audit.costs.sources.cells import Cells
from audit.costs.sources.days import by_day
from audit.costs.sources.faults import Faults
from audit.costs.sources.text import Table

REQUIRED = ("start", "end", "cluster", "gpu_type", "gpus")
OPTIONAL = (
    "kind", "pricing_class", "node", "namespace", "gpu", "workload", "container", "image", "digest", "labels",
    "project", "team", "person", "grant", "activity", "active_hours", "metric", "memory_used",
)  # fmt: skip
LABELLED = ("project", "team", "person", "grant")
"""Columns that stand for the label `purser.io/<name>`."""
KINDS = ("usage", "capacity")
MOST_MEMORY = 10**9


def read_plain(text: str) -> list[Reading]:
    """The readings of a plain CSV file, one for each UTC day. Raises CostError `bad_file` with every fault."""
    faults = Faults()
    table = Table(text, faults)
    table.require(*REQUIRED)
    for name in table.columns:
        if name not in REQUIRED and name not in OPTIONAL:
            faults.add(1, name, "bad_choice", choices=", ".join((*REQUIRED, *OPTIONAL)), value=name)
    found = [_Row(line, cells, faults).record() for line, cells in table.rows()]
    faults.check()
    return by_day([one for one in found if one], version="csv")


class _Row(Cells):
    """One row of a plain CSV file."""

    def record(self) -> UsageRecord | CapacityRecord | None:
        """What it says; None when anything is wrong with it."""
        kind = self.chosen("kind", KINDS)
        start, end = self.read("start", values.moment), self.read("end", values.moment)
        gpus = self.read("gpus", values.gpus)
        if start and end and end <= start:
            self.wrong("end", "bad_order")
        elif start and end and end - start > values.LONGEST:
            self.wrong("end", "too_long", limit=values.LONGEST.days)
        if not (start and end and gpus):
            self._rest()
            return None
        base = CapacityRecord(
            start, end, self._named("cluster", limits.CLUSTER), self._named("gpu_type", limits.GPU_TYPE), gpus,
            self.chosen("pricing_class", tuple(PricingClass)),
        )  # fmt: skip
        record = base if kind == "capacity" else self._usage(base)
        return record if self.clean else None

    def _rest(self) -> None:
        """Read what is left, so that its faults are said too."""
        self._named("cluster", limits.CLUSTER)
        self._named("gpu_type", limits.GPU_TYPE)
        self.chosen("pricing_class", tuple(PricingClass))
        self._labels()
        self._measured(None)

    def _named(self, column: str, limit: int) -> str:
        found = self.text(column, limit)
        if not self.cells.get(column):
            self.wrong(column, "missing")
        return found

    def _usage(self, base: CapacityRecord) -> UsageRecord:
        return UsageRecord(
            start=base.start,
            end=base.end,
            cluster=base.cluster,
            gpu_type=base.gpu_type,
            gpus=base.gpus,
            pricing_class=base.pricing_class,
            node=self.text("node", limits.NODE),
            namespace=self.text("namespace", limits.NAMESPACE),
            gpu=self.text("gpu", limits.GPU),
            workload=self.text("workload", limits.WORKLOAD),
            container=self.text("container", limits.CONTAINER),
            image=self.text("image", limits.IMAGE),
            digest=self.text("digest", limits.DIGEST),
            labels=self._labels(),
            measured=self._measured(values.hours_between(base.start, base.end)),
        )

    def _labels(self) -> dict[str, str]:
        named = {f"purser.io/{name}": self.cells[name] for name in LABELLED if self.cells.get(name)}
        return {**self.pairs("labels"), **named}

    def _measured(self, length: Decimal | None) -> Measured | None:
        activity = self.maybe("activity", values.share)
        active = self.maybe("active_hours", _hours)
        memory = self.maybe("memory_used", _memory)
        if active is not None and length is not None and active > length:
            self.wrong("active_hours", "longer_than_held")
        if (activity is None) != (active is None) and self.clean:
            self.wrong("active_hours" if active is None else "activity", "missing")
        if activity is None or active is None:
            return None
        return Measured(activity, active, self.text("metric", 60) or "csv", memory)


def _hours(cell: str) -> Decimal:
    found = values.amount(cell)
    if found < 0:
        raise values.Unreadable("negative", value=cell)
    return found


def _memory(cell: str) -> int:
    found = _hours(cell)
    if found > MOST_MEMORY:
        raise values.Unreadable("too_large", limit=MOST_MEMORY, value=cell)
    return int(found)
