"""What Google's billing rows say together: GPUs held, GPUs there, and what was billed for them. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from audit.costs.records import BillRecord, CapacityRecord, Facts, Reading, Record, UsageRecord
from audit.costs.sources import gpus, limits, values
from audit.costs.sources.days import by_day
from audit.costs.sources.faults import Faults
from audit.costs.sources.google_rows import ExportRow
from audit.costs.sources.notes import NOTES

VERSION = "google-detailed-1"
FACTS = frozenset({Facts.USAGE, Facts.CAPACITY, Facts.BILL})
CLUSTER, NAMESPACE, WORKLOAD = "goog-k8s-cluster-name", "k8s-namespace", "k8s-workload-name"
NOT_HELD = frozenset({"kube:unallocated", "kube:system-overhead"})
"""Namespaces that nobody's pods are in: what is said of them is there, and not held."""
_OWN = ("goog-", "k8s-")
_POD, _SPACE = "k8s-label/", "k8s-namespace-labels/"


@dataclass(slots=True)
class _Bill:
    hours: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    credits: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Held:
    """What rows are added up by: Google corrects a row by a negative one and a new one."""

    start: datetime
    end: datetime
    cluster: str
    gpu_type: str
    pricing_class: str
    namespace: str
    workload: str
    node: str
    labels: tuple[tuple[str, str], ...]


@dataclass
class _Sums:
    held: dict[_Held, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    there: dict[tuple[datetime, datetime, str, str, str], Decimal] = field(
        default_factory=lambda: defaultdict(Decimal)
    )
    bills: dict[tuple[date, str, str, str, str, str], _Bill] = field(
        default_factory=lambda: defaultdict(_Bill)
    )
    currencies: set[str] = field(default_factory=set)
    unsplit: bool = False


def readings_of(rows: Iterable[ExportRow], faults: Faults) -> list[Reading]:
    """A reading for each day with GPUs. Notes faults of the whole (more than one currency, negative sums)."""
    sums = _Sums()
    for row in rows:
        _add(sums, row)
    for other in sorted(sums.currencies)[1:]:
        faults.add(0, "currency", "other_currency", value=other)
    records = [*_usage(sums, faults), *_capacity(sums), *_bills(sums)]
    notes = [NOTES["google_requests"]] + ([NOTES["google_unsplit"]] if sums.unsplit else [])
    currency = next(iter(sorted(sums.currencies)), "")
    return by_day(records, facts=FACTS, currency=currency, version=VERSION, notes=tuple(notes))


def _add(sums: _Sums, row: ExportRow) -> None:
    sums.currencies.add(row.currency)
    hours = (row.usage.hours() or Decimal(0)) if gpus.has_hours(row.sku.description) else Decimal(0)
    kind = (gpus.model_of(row.sku.description) or gpus.UNKNOWN)[: limits.GPU_TYPE]
    cluster = (row.labels.get(CLUSTER) or row.project.id or "")[: limits.CLUSTER]
    _add_bill(sums, row, cluster, kind, hours)
    if not (row.regular and hours):
        return
    sums.there[(row.start, row.end, cluster, kind, row.pricing_class)] += hours
    namespace = row.labels.get(NAMESPACE, "")
    if CLUSTER in row.labels and not namespace:
        sums.unsplit = True
    if namespace not in NOT_HELD:
        sums.held[_key(row, cluster, kind, namespace)] += hours


def _add_bill(sums: _Sums, row: ExportRow, cluster: str, kind: str, hours: Decimal) -> None:
    sku, said = row.sku.id[: limits.SKU], row.sku.description[: limits.DESCRIPTION]
    bill = sums.bills[(row.start.date(), cluster, kind, sku, said, (row.invoice.month or "")[:6])]
    credited = sum((one.amount for one in row.credits), Decimal(0))
    bill.hours += hours
    bill.cost += row.cost + max(credited, Decimal(0))  # a credit taken back costs
    bill.credits += min(credited, Decimal(0))


def _key(row: ExportRow, cluster: str, kind: str, namespace: str) -> _Held:
    return _Held(
        row.start,
        row.end,
        cluster,
        kind,
        row.pricing_class,
        namespace[: limits.NAMESPACE],
        row.labels.get(WORKLOAD, "")[: limits.WORKLOAD],
        (row.resource.name or "").rpartition("/")[2][: limits.NODE],
        tuple(sorted(labels_of(row.labels).items())),
    )


def labels_of(labels: dict[str, str]) -> dict[str, str]:
    """The labels of the pod, else of its namespace, else of the resource, under their own names."""
    own = {name: value for name, value in labels.items() if not name.startswith(_OWN)}
    space = {name.removeprefix(_SPACE): value for name, value in labels.items() if name.startswith(_SPACE)}
    pod = {name.removeprefix(_POD): value for name, value in labels.items() if name.startswith(_POD)}
    return {**own, **space, **pod}


def _usage(sums: _Sums, faults: Faults) -> list[Record]:
    found: list[Record] = []
    for key, hours in sums.held.items():
        held = (hours / values.hours_between(key.start, key.end)).quantize(values.PLACES)
        if held < 0:
            faults.add(0, "usage.amount", "negative", value=f"{hours} h, {key.start:%Y-%m-%d %H:%M}")
        elif held:
            found.append(
                UsageRecord(
                    start=key.start, end=key.end, cluster=key.cluster, gpu_type=key.gpu_type, gpus=held,
                    pricing_class=key.pricing_class, node=key.node, namespace=key.namespace,
                    workload=key.workload, labels=dict(key.labels),
                )
            )  # fmt: skip
    return found


def _capacity(sums: _Sums) -> list[Record]:
    counted = (
        (key, (hours / values.hours_between(key[0], key[1])).quantize(values.PLACES))
        for key, hours in sums.there.items()
    )
    return [CapacityRecord(*key[:4], there, key[4]) for key, there in counted if there > 0]


def _bills(sums: _Sums) -> list[Record]:
    currency = next(iter(sorted(sums.currencies)), "")
    return [
        BillRecord(day, cluster, kind, sku, said, one.hours, one.cost, one.credits, currency, month)
        for (day, cluster, kind, sku, said, month), one in sums.bills.items()
    ]
