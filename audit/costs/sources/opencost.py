"""OpenCost's answers to `GET /allocation/compute`: what pods held, hour by hour or day by day. Pure.

Source: OpenCost `core/pkg/opencost/allocation_json.go` (`{code, status, data: [{name: allocation}]}`, one map for
each step). Numbers that are not numbers arrive as null, and all are rounded to 5 places. GPU hours are what was
requested; a whole GPU is counted for a share of one unless the request itself is a fraction.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from audit.costs.records import CapacityRecord, Facts, PricingClass, Reading, Record, UsageRecord
from audit.costs.sources import gpus, limits, values
from audit.costs.sources.faults import Faults
from audit.costs.sources.notes import NOTES
from audit.costs.sources.opencost_documents import Allocation, Properties
from audit.costs.sources.opencost_nodes import NodeFacts
from audit.costs.sources.validated import note

VERSION = "opencost-1"
IDLE, UNALLOCATED, UNMOUNTED = "__idle__", "__unallocated__", "__unmounted__"
_SAME_PRICE = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Options:
    """What a connected source knows beside the answer: the cluster's name, and nodes' types and classes."""

    cluster: str = ""
    gpu_type: str = ""
    nodes: NodeFacts = field(default_factory=NodeFacts)


def read_opencost(document: object, *, options: Options | None = None) -> list[Reading]:
    """A reading for each step. Raises CostError `bad_file` with every fault; `line` counts the steps."""
    faults, found = Faults(), []
    for number, step in enumerate(_steps(document, faults), start=1):
        allocations = list(_allocations(number, step, faults))
        if allocations:
            found.append(_Step(number, allocations, options or Options(), faults).reading())
    _no_hour_twice(found, faults)
    if not found:
        faults.add(0, "data", "no_rows")
    faults.check()
    return sorted(found, key=lambda one: one.start)


def _steps(document: object, faults: Faults) -> list[Any]:
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise faults.stop(0, "data", "bad_shape")
    if document.get("code", 200) != 200:
        raise faults.stop(0, "code", "failed_answer")
    return list(document["data"])


def _allocations(number: int, step: object, faults: Faults) -> Iterator[tuple[str, Allocation]]:
    if step is None:  # a step in which nothing ran
        return
    if not isinstance(step, dict):
        faults.add(number, "data", "bad_shape")
        return
    for name, value in step.items():
        try:
            yield str(name), Allocation.model_validate(value)
        except ValidationError as error:
            note(error, faults, line=number, name=str(name))


class _Step:
    """One step of an answer."""

    def __init__(
        self, number: int, allocations: list[tuple[str, Allocation]], options: Options, faults: Faults
    ) -> None:
        self.number, self.options, self.faults = number, options, faults
        self.window = allocations[0][1].window
        self.idle = [one for name, one in allocations if _special(name, IDLE)]
        self.held = [
            (name, one)
            for name, one in allocations
            if not any(_special(name, word) for word in (IDLE, UNALLOCATED, UNMOUNTED))
        ]
        self.notes: dict[str, object] = {}

    def reading(self) -> Reading:
        """What the step says: usage, and capacity where idle GPUs are said or nodes were asked for."""
        usage = [record for name, one in self.held if (record := self._usage(name, one))]
        self._check_window()
        capacity = self._capacity(usage)
        facts = {Facts.USAGE} | ({Facts.CAPACITY} if capacity is not None else set())
        records: tuple[Record, ...] = (*usage, *(capacity or ()))
        start, end = self.window.start, self.window.end
        return Reading(
            start, end, frozenset(facts), records, format_version=VERSION, notes=tuple(self.notes.values())
        )

    def _check_window(self) -> None:
        start, end = self.window.start, self.window.end
        if values.whole_hour(start) != start or values.whole_hour(end) != end:
            self.faults.add(self.number, "window", "not_hours")
        elif not start < end <= start + values.LONGEST:
            self.faults.add(self.number, "window", "bad_order")

    def _usage(self, name: str, one: Allocation) -> UsageRecord | None:
        hours = one.hours
        if hours is None and one.gpu_cost:
            self.faults.add(self.number, f"{name}.gpuHours"[-60:], "unknown_hours")
        if not hours:
            return None
        if hours < 0:
            self.faults.add(self.number, f"{name}.gpuHours"[-60:], "negative", value=hours)
            return None
        if not self._inside(name, one):
            return None
        if one.device.shared:
            self.notes["shared"] = NOTES["opencost_shared"]
        return self._record(one, one.held) if one.held else None

    def _inside(self, name: str, one: Allocation) -> bool:
        if one.window != self.window or not self.window.start <= one.start <= one.end <= self.window.end:
            self.faults.add(self.number, name[-60:], "whole_step")
            return False
        if one.start == one.end:
            self.faults.add(self.number, name[-60:], "bad_order")
            return False
        return True

    def _record(self, one: Allocation, held: Decimal) -> UsageRecord:
        said, nodes = one.properties, self.options.nodes
        labels = {**said.namespace_labels, **said.labels}
        return UsageRecord(
            start=one.start,
            end=one.end,
            cluster=(self.options.cluster or said.cluster)[: limits.CLUSTER],
            gpu_type=self._type(one, labels),
            gpus=held,
            pricing_class=nodes.classes.get(said.node, PricingClass.ON_DEMAND),
            node=said.node[: limits.NODE],
            namespace=said.namespace[: limits.NAMESPACE],
            gpu=one.device.uuid[: limits.GPU],
            workload=_workload(said)[: limits.WORKLOAD],
            container=said.container[: limits.CONTAINER],
            labels=labels,
        )

    def _type(self, one: Allocation, labels: Mapping[str, str]) -> str:
        found = (
            one.device.model
            or self.options.nodes.types.get(one.properties.node)
            or gpus.type_in(labels)
            or self.options.gpu_type
        )
        if not found:
            self.notes["type"] = NOTES["opencost_type"]
        return (found or gpus.UNKNOWN)[: limits.GPU_TYPE]

    def _capacity(self, usage: list[UsageRecord]) -> list[CapacityRecord] | None:
        """GPUs that were there: as the nodes were asked for, else held ones and what idle cost stands for."""
        if self.options.nodes.asked:
            return self.options.nodes.capacity(self.window.start, self.window.end, self.options.cluster)
        if not self.idle:
            return None
        found: list[CapacityRecord] = []
        for one in self.idle:
            said = self._idle(one, usage)
            if said is None:
                self.notes["idle"] = NOTES["opencost_idle"]
                return None
            found.extend(said)
        return found

    def _idle(self, one: Allocation, usage: list[UsageRecord]) -> list[CapacityRecord] | None:
        """What a cluster had, when it had one type of GPU at one price; None when that cannot be told."""
        cluster = self.options.cluster or one.properties.cluster
        held = [record for record in usage if record.cluster == cluster or not cluster]
        idle = self._idle_hours(one, cluster)
        sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        for record in held:
            kind = (record.cluster, record.gpu_type, record.pricing_class)
            sums[kind] += record.gpus * values.hours_between(record.start, record.end)
        if idle is None or idle < 0 or (idle and len(sums) != 1):
            return None
        start, end = self.window.start, self.window.end
        length = values.hours_between(start, end)
        return [
            CapacityRecord(start, end, where, kind, ((hours + idle) / length).quantize(values.PLACES), bought)
            for (where, kind, bought), hours in sums.items()
        ]

    def _idle_hours(self, one: Allocation, cluster: str) -> Decimal | None:
        """GPU hours nobody held: as said, else what their cost stands for; None when that cannot be told."""
        if one.hours or not one.gpu_cost:
            return one.hours or Decimal(0)
        price = self._price(cluster)
        return None if price is None else one.gpu_cost / price

    def _price(self, cluster: str) -> Decimal | None:
        """The one price of a GPU hour in this step; None when there are several, or none."""
        priced = [
            one.gpu_cost / hours
            for _name, one in self.held
            if one.gpu_cost
            and (hours := one.hours)
            and (not cluster or one.properties.cluster in (cluster, ""))
        ]
        if not priced or max(priced) - min(priced) > _SAME_PRICE * max(priced) or min(priced) <= 0:
            return None
        return sum(priced, Decimal(0)) / len(priced)


def _workload(said: Properties) -> str:
    """The pod, as DCGM names it too."""
    return said.pod or said.controller


def _special(name: str, word: str) -> bool:
    return word in name.split("/")


def _no_hour_twice(found: list[Reading], faults: Faults) -> None:
    ordered = sorted(found, key=lambda one: one.start)
    for before, after in pairwise(ordered):
        if after.start < before.end:
            faults.add(0, "window", "double_step")
