"""FOCUS 1.2 as CSV, ours and others': rows about GPUs become use, what was there, and what was billed. Pure.

Source: FinOps Open Cost and Usage Specification 1.2 (columns in PascalCase, ends are exclusive, Tags are JSON and a
tag without a value is `true`; columns beginning with `x_` are the provider's own).
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from audit.costs.records import BillRecord, CapacityRecord, PricingClass, Reading, Record, UsageRecord
from audit.costs.sources import gpus, limits, values
from audit.costs.sources.cells import Cells
from audit.costs.sources.days import by_day
from audit.costs.sources.faults import Faults
from audit.costs.sources.notes import NOTES
from audit.costs.sources.text import Table

REQUIRED = (
    "BilledCost", "BillingCurrency", "ChargeCategory", "ChargeDescription", "ChargePeriodStart",
    "ChargePeriodEnd", "EffectiveCost", "PricingQuantity", "PricingUnit", "ServiceName",
)  # fmt: skip
"""Mandatory columns that are read here: a file without one of them is refused."""
MANDATORY = (
    *REQUIRED, "BillingAccountId", "BillingAccountName", "BillingPeriodEnd", "BillingPeriodStart", "ChargeClass",
    "ContractedCost", "InvoiceIssuerName", "ListCost", "ProviderName", "PublisherName", "ServiceCategory",
)  # fmt: skip
"""Those of FOCUS 1.2 altogether: a file without one of the others is taken, with a note."""
SHORT = ("InvoiceIssuer", "Provider", "Publisher")
"""Names that some write without their ending."""
CATEGORIES = ("usage", "purchase", "tax", "credit", "adjustment")
CLASSES = {
    "standard": PricingClass.ON_DEMAND,
    "dynamic": PricingClass.SPOT,
    "committed": PricingClass.COMMITTED,
    "other": PricingClass.ON_DEMAND,
}
OWN_COLUMN = "x_RateCardVersion"
"""Only our own exports have it: what we once worked out ourselves is no invoice."""
_HOURS = {"hour": 1, "hours": 1, "hr": 1, "hrs": 1, "h": 1, "gpu-hours": 1, "gpu-hour": 1, "gpu hours": 1}
_SECONDS = {"second": 3600, "seconds": 3600, "s": 3600, "minute": 60, "minutes": 60}
_CLUSTERS = ("goog-k8s-cluster-name", "aws:eks:cluster-name", "cluster")
_NAMESPACES = ("k8s-namespace", "aws:eks:namespace", "namespace")
_SAID = ("SkuMeter", "ChargeDescription", "ResourceType", "SkuPriceDetails", "ResourceName")


@dataclass
class _Seen:
    """What is noted beside the rows."""

    currencies: set[str]
    untyped: bool = False


def read_focus(text: str) -> list[Reading]:
    """The readings of a FOCUS file, one for each UTC day. Raises CostError `bad_file` with every fault."""
    faults = Faults()
    table = Table(text, faults)
    table.require(*REQUIRED)
    seen, records = _Seen(set()), []
    for line, cells in table.rows():
        if about_gpus(cells):
            records += _Row(line, cells, faults).records(seen)
    for other in sorted(seen.currencies)[1:]:
        faults.add(0, "BillingCurrency", "other_currency", value=other)
    if not records and not faults.count:
        faults.add(0, "", "no_gpus")
    faults.check()
    columns = {*table.columns, *(f"{name}Name" for name in table.columns if name in SHORT)}
    notes = [NOTES["focus_missing"]] if set(MANDATORY) - columns else []
    notes += [NOTES["focus_type"]] if seen.untyped else []
    currency = next(iter(sorted(seen.currencies)), "")
    return by_day(records, currency=currency, version=_version(table.columns), notes=tuple(notes))


def about_gpus(cells: dict[str, str]) -> bool:
    """Whether a row is about GPUs: by our own column, or by what its SKU and resource are called."""
    return bool(cells.get("x_GpuType")) or any(gpus.is_gpu(cells.get(column, "")) for column in _SAID)


def _version(columns: list[str]) -> str:
    if "ServiceProviderName" in columns:
        return "focus-1.3"
    return "focus-1.2" if "InvoiceId" in columns or "SkuMeter" in columns else "focus-1.0"


class _Row(Cells):
    """One row about GPUs."""

    def records(self, seen: _Seen) -> list[Record]:
        """What it says; nothing when anything is wrong with it."""
        category = self.chosen("ChargeCategory", CATEGORIES)
        start, end = (
            self.read("ChargePeriodStart", values.moment),
            self.read("ChargePeriodEnd", values.moment),
        )
        cost = self.read("BilledCost", values.amount)
        self.read("EffectiveCost", values.amount)
        tags = self.pairs("Tags") if self.cells.get("Tags", "").lower() != "null" else {}
        currency = self._currency(seen)
        hours = self._hours() if self._counts(category) else Decimal(0)
        if start and end:
            self._check_period(start, end)
        if not (self.clean and start and end) or cost is None:
            return []
        there = self._there(start, end, hours, tags)
        if there and there.gpu_type == gpus.UNKNOWN:
            seen.untyped = True
        return [*self._held(there, tags), *self._billed(start, cost, hours, category, currency, tags)]

    def _counts(self, category: str) -> bool:
        """Whether its quantity is hours of GPUs that ran: no purchase, no correction, no unused commitment."""
        correction = self.cells.get("ChargeClass", "").lower() == "correction"
        unused = self.cells.get("CommitmentDiscountStatus", "").lower() == "unused"
        return category == "usage" and not correction and not unused and not gpus.is_licence(self._said())

    def _said(self) -> str:
        return " ".join(self.cells.get(column, "") for column in _SAID)

    def _check_period(self, start: datetime, end: datetime) -> None:
        if end <= start:
            self.wrong("ChargePeriodEnd", "bad_order")
        elif end - start > values.LONGEST:
            self.wrong("ChargePeriodEnd", "too_long", limit=values.LONGEST.days)

    def _currency(self, seen: _Seen) -> str:
        found = self.cells.get("BillingCurrency", "").upper()
        if len(found) == 3 and found.isalpha() and found.isascii():
            seen.currencies.add(found)
        else:
            self.wrong("BillingCurrency", "bad_currency", value=found)
        return found

    def _hours(self) -> Decimal:
        """GPU hours: our own column, else the consumed quantity, else the priced one."""
        if self.cells.get("x_HeldGpuHours"):
            return self.read("x_HeldGpuHours", _positive) or Decimal(0)
        for what in ("Consumed", "Pricing"):
            unit = self.cells.get(f"{what}Unit", "").lower()
            if self.cells.get(f"{what}Quantity") and (unit in _HOURS or unit in _SECONDS):
                quantity = self.read(f"{what}Quantity", _positive) or Decimal(0)
                return quantity / (_HOURS.get(unit) or _SECONDS[unit])
        self.wrong(
            "ConsumedUnit", "bad_unit", value=self.cells.get("ConsumedUnit") or self.cells["PricingUnit"]
        )
        return Decimal(0)

    def _there(
        self, start: datetime, end: datetime, hours: Decimal, tags: dict[str, str]
    ) -> CapacityRecord | None:
        held = (hours / values.hours_between(start, end)).quantize(values.PLACES)
        if not held:
            return None
        return CapacityRecord(start, end, self._cluster(tags), self._type(), held, self._class())

    def _held(self, there: CapacityRecord | None, tags: dict[str, str]) -> list[Record]:
        if there is None:
            return []
        if self.cells.get("CapacityReservationStatus", "").lower() == "unused":
            return [there]
        return [
            UsageRecord(
                start=there.start,
                end=there.end,
                cluster=there.cluster,
                gpu_type=there.gpu_type,
                gpus=there.gpus,
                pricing_class=there.pricing_class,
                node=self.cells.get("ResourceName", "")[: limits.NODE],
                namespace=(self.cells.get("x_Namespace") or _first(tags, _NAMESPACES))[: limits.NAMESPACE],
                workload=self.cells.get("x_Workload", "")[: limits.WORKLOAD],
                image=(self.cells.get("x_Image") or tags.get("image", ""))[: limits.IMAGE],
                digest=self.cells.get("x_ImageDigest", "")[: limits.DIGEST],
                labels=self._labels(tags),
            )
        ]

    def _labels(self, tags: dict[str, str]) -> dict[str, str]:
        """The tags; of our own exports with Purser's labels in place of the columns that say the same."""
        if OWN_COLUMN not in self.cells:
            return tags
        own = {
            "project": tags.get("project"),
            "team": self.cells.get("SubAccountId"),
            "person": self.cells.get("x_UserId"),
        }
        return {**tags, **{f"purser.io/{name}": value for name, value in own.items() if value}}

    def _billed(
        self,
        start: datetime,
        cost: Decimal,
        hours: Decimal,
        category: str,
        currency: str,
        tags: dict[str, str],
    ) -> list[Record]:
        if OWN_COLUMN in self.cells:
            return []
        credited = category == "credit" and cost < 0
        return [
            BillRecord(
                day=start.date(),
                cluster=self._cluster(tags),
                gpu_type=self._type(),
                sku=self.cells.get("SkuId", "")[: limits.SKU],
                description=self.cells["ChargeDescription"][: limits.DESCRIPTION],
                hours=hours,
                cost=Decimal(0) if credited else cost,
                credits=cost if credited else Decimal(0),
                currency=currency,
                invoice_month=self.cells.get("BillingPeriodStart", "")[:7].replace("-", ""),
            )
        ]

    def _cluster(self, tags: dict[str, str]) -> str:
        own = self.cells.get("x_Cluster") or (self.cells.get("RegionId") if OWN_COLUMN in self.cells else "")
        return (own or _first(tags, _CLUSTERS) or self.cells.get("SubAccountId", ""))[: limits.CLUSTER]

    def _type(self) -> str:
        found = self.cells.get("x_GpuType") or gpus.model_of(self._said())
        return (found or gpus.UNKNOWN)[: limits.GPU_TYPE]

    def _class(self) -> str:
        own = self.cells.get("x_PricingClass", "")
        if own in tuple(PricingClass):
            return own
        if self.cells.get("CapacityReservationId"):
            return PricingClass.RESERVED
        return CLASSES.get(self.cells.get("PricingCategory", "").lower(), PricingClass.ON_DEMAND)


def _positive(cell: str) -> Decimal:
    found = values.amount(cell)
    if found < 0:
        raise values.Unreadable("negative", value=cell)
    return found


def _first(tags: dict[str, str], names: tuple[str, ...]) -> str:
    return next((tags[name] for name in names if tags.get(name)), "")
