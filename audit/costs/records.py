"""What a source says, before anything is decided about it: held GPUs, activity, capacity, bills. Pure.

Times are aware UTC; `end` is exclusive. Names are as the source wrote them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

WINDOW_MINUTES = 10
"""Activity is looked at in windows of this length (figure F2)."""


class Facts(StrEnum):
    """The kinds of facts a source may bring. A cluster's facts of one kind come from one source at a time."""

    USAGE = "usage"
    ACTIVITY = "activity"
    CAPACITY = "capacity"
    BILL = "bill"


class PricingClass(StrEnum):
    """How the GPUs were bought."""

    ON_DEMAND = "on_demand"
    SPOT = "spot"
    RESERVED = "reserved"
    COMMITTED = "committed"


@dataclass(frozen=True, slots=True)
class Measured:
    """Activity that came with a usage record: mean (0-1) and hours in which the mean of a window was active."""

    activity: Decimal
    active_hours: Decimal
    metric: str
    memory_used: int | None = None
    """MiB."""


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """GPUs held by one workload for a time: the greater of requested and used, as in the OpenCost specification.

    `gpus` is how many (4, 1, or a fraction of the one that `gpu` names: a MIG slice or time slice).
    """

    start: datetime
    end: datetime
    cluster: str
    gpu_type: str
    gpus: Decimal
    pricing_class: str = PricingClass.ON_DEMAND
    node: str = ""
    namespace: str = ""
    gpu: str = ""
    workload: str = ""
    container: str = ""
    image: str = ""
    digest: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    measured: Measured | None = None


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """The mean activity (0-1) of one GPU, or of one workload's share of it, in one window of ten minutes."""

    start: datetime
    cluster: str
    gpu: str
    activity: Decimal
    metric: str
    node: str = ""
    namespace: str = ""
    workload: str = ""
    memory_used: int | None = None


@dataclass(frozen=True, slots=True)
class CapacityRecord:
    """GPUs that were provisioned, held by somebody or not."""

    start: datetime
    end: datetime
    cluster: str
    gpu_type: str
    gpus: Decimal
    pricing_class: str = PricingClass.ON_DEMAND


@dataclass(frozen=True, slots=True)
class BillRecord:
    """A line of an invoice about GPUs: `cost` before credits, `credits` zero or negative, in `currency`."""

    day: date
    cluster: str
    gpu_type: str
    sku: str
    description: str
    hours: Decimal
    cost: Decimal
    credits: Decimal
    currency: str
    invoice_month: str = ""


Record = UsageRecord | ActivityRecord | CapacityRecord | BillRecord


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one place of a file or answer: `line` counts from 1 (0: the whole), `field` may be empty."""

    line: int
    field: str
    code: str
    message: object
    """Translated when shown."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source said about one stretch of time. `faults` not empty: nothing of it may be stored.

    `facts` names every kind of fact that this reading is complete about for [start, end): an empty `usage`
    then means that nothing was held, while a kind that is not named is unknown.
    `complete` is False while the source may still add to the stretch.
    """

    start: datetime
    end: datetime
    facts: frozenset[Facts]
    records: tuple[Record, ...] = ()
    faults: tuple[Fault, ...] = ()
    complete: bool = True
    currency: str = ""
    format_version: str = ""
    notes: tuple[object, ...] = ()
    """Sentences for the health page, e.g. that the source reports whole GPUs for shared ones."""
