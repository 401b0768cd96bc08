"""Values of the cost room: who may see what, what a page asks for, and what it gets. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

HOUR_MS = 3_600_000
ZERO = Decimal(0)
UNATTRIBUTED = ""
"""The team, project or person of use that nothing ties to one."""
REST = "*"
"""The value of what is gathered: persons whom the viewer may not tell apart, series without a colour."""


@dataclass(frozen=True, slots=True)
class CostScope:
    """What of the costs a viewer may see, computed by the layer above from who they are.

    `everything` is for budget owners, auditors and administrators; `teams` (keys) are seen whole; `person`
    (a label) is the viewer, whose own use is seen wherever it was. `names`: persons of all of `teams` may be
    told apart; somebody who leads one team and belongs to another is given a scope for each.
    """

    everything: bool = False
    teams: frozenset[str] = frozenset()
    person: str = ""
    names: bool = False


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the reporting time zone: `first` is inside, `after` is the first day behind it."""

    first: date
    after: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.after - self.first).days

    @property
    def before(self) -> "Period":
        """What it is compared with: the month before a month, or as much of it as there is of this one.

        A period that does not begin with a month is compared with as many days right before it.
        """
        last_month = (self.first - timedelta(days=1)).replace(day=1)
        next_month = (self.first + timedelta(days=31)).replace(day=1)
        if self.first.day != 1 or self.after > next_month:
            return Period(self.first - timedelta(days=self.days), self.first)
        whole = self.after == next_month
        return Period(
            last_month, self.first if whole else min(last_month + timedelta(days=self.days), self.first)
        )

    def each(self) -> Iterable[date]:
        """Every day of it, in order."""
        return (self.first + timedelta(days=n) for n in range(self.days))


class By(StrEnum):
    """What a breakdown tells apart. IMAGE is the repository, VERSION the digest."""

    TEAM = "team"
    PROJECT = "project"
    PERSON = "person"
    IMAGE = "image"
    VERSION = "version"
    GPU_TYPE = "gpu_type"
    CLUSTER = "cluster"
    PRICING_CLASS = "pricing_class"
    GRANT = "grant"


@dataclass(frozen=True, slots=True)
class CostFilters:
    """What a page, an export or a call of the API is narrowed to; an empty tuple narrows nothing.

    Values of one name are alternatives; the empty text stands for what is not attributed.
    """

    period: Period
    teams: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    gpu_types: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    pricing_classes: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sums:
    """The measures of any set of usage rows (see models.Measures), which add up."""

    held_ms: int = 0
    measured_ms: int = 0
    active_ms: int = 0
    busy_ms: int = 0
    unpriced_ms: int = 0
    cost: Decimal = ZERO
    idle_cost: Decimal = ZERO
    measured_cost: Decimal = ZERO

    def __add__(self, other: "Sums") -> "Sums":
        """Both together."""
        return Sums(
            self.held_ms + other.held_ms,
            self.measured_ms + other.measured_ms,
            self.active_ms + other.active_ms,
            self.busy_ms + other.busy_ms,
            self.unpriced_ms + other.unpriced_ms,
            self.cost + other.cost,
            self.idle_cost + other.idle_cost,
            self.measured_cost + other.measured_cost,
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a breakdown: the value told apart, its sums, those of the period before, and F6 it owns.

    `image` is, for a version, the name it ran under last (`host/repository:tag`). `days` is the cost of each
    of the last 30 days of the period, oldest first (chart C8); `last_day` the last day with use; `rate` the
    price of a GPU hour, only for GPU types and when one price covers all of it.
    """

    value: str
    sums: Sums
    before: Sums = field(default_factory=Sums)
    unused_ms: int = 0
    unused_cost: Decimal = ZERO
    days: tuple[Decimal, ...] = ()
    last_day: date | None = None
    rate: Decimal | None = None
    image: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Sums over time, told apart by something: `rows[value][n]` belongs to `starts[n]`.

    `starts` are the first days of the buckets (or hours of one day); the value REST gathers `others`, those
    that have no colour of their own when there are more than `most`.
    """

    starts: tuple[date | datetime, ...]
    rows: dict[str, tuple[Sums, ...]]
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CapacityLine:
    """What became of the GPUs provisioned of one type (and, in weeks, since `start`): hours in ms, and money."""

    gpu_type: str
    start: date
    provisioned_ms: int
    active_ms: int
    idle_ms: int
    unmeasured_ms: int
    unused_ms: int
    unallocated_ms: int
    over_ms: int
    capacity_cost: Decimal
    direct_cost: Decimal
    unused_cost: Decimal
    unallocated_cost: Decimal
    over_cost: Decimal


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source as pages name it. `complete_through` None: nothing was ever read."""

    key: str
    name: str
    facts: tuple[str, ...]
    complete_through: datetime | None
    late: bool
    error: str


@dataclass(frozen=True, slots=True)
class Unpriced:
    """GPU hours without a rate: shown without cost, with where the price is missing."""

    gpu_type: str
    held_ms: int
    first_day: date


@dataclass(frozen=True, slots=True)
class Standing:
    """What is printed on every page of costs: how the figures were made and how far they can be trusted.

    `complete_through` is the earliest of the sources that bring usage, None when there is none;
    `rate_version` 0 means that no rate card was published. `missing` names kinds of facts nobody brings.
    """

    currency: str
    rate_version: int
    shared_method: str
    threshold: Decimal
    metrics: tuple[str, ...]
    complete_through: datetime | None
    sources: tuple[SourceState, ...] = ()
    missing: tuple[str, ...] = ()
    restated_days: int = 0
    restated_at: datetime | None = None
    unpriced: tuple[Unpriced, ...] = ()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Capacity cost against the sum of its parts (ui.md 5.3). `difference` is 0.00 unless something is wrong.

    None of the amounts is negative. `over` is what was held beyond what was provisioned: a violation.
    `undistributed` is what of unallocated cost and overhead the method charges to nobody; `uncovered` the part
    of direct cost and unused reservations on clusters and types whose capacity nobody reports.
    """

    capacity: Decimal
    direct: Decimal
    unattributed: Decimal
    unused: Decimal
    unallocated: Decimal
    overhead: Decimal
    shared: Decimal
    undistributed: Decimal
    over: Decimal
    uncovered: Decimal
    known: bool
    """False: no source brings capacity, so F5 is unknown, not zero."""

    @property
    def difference(self) -> Decimal:
        """What the parts leave unexplained."""
        parts = self.direct + self.unattributed + self.unused + self.shared + self.undistributed - self.over
        return self.capacity + self.uncovered + self.overhead - parts


@dataclass(frozen=True, slots=True)
class Forecast:
    """Spend expected by the end of a period (F14), its range (F15), with commitments (F16), and the end (F17).

    `amount` None: too early to say. `daily` is what each remaining day is expected to cost.
    """

    spent: Decimal
    amount: Decimal | None
    low: Decimal | None
    high: Decimal | None
    committed: Decimal
    ends_on: date | None
    daily: tuple[Decimal, ...] = ()

    @property
    def with_commitments(self) -> Decimal | None:
        """F16."""
        return None if self.amount is None else self.amount + self.committed


@dataclass(frozen=True, slots=True)
class BudgetView:
    """A budget as pages show it. `spent_by_day[n]` is the spend of the n-th day that is complete."""

    pk: int
    owner_kind: str
    owner: str
    period: Period
    amount: Decimal
    thresholds: tuple[int, ...]
    spent_by_day: tuple[Decimal, ...]
    elapsed_days: int
    forecast: Forecast

    @property
    def use(self) -> Decimal:
        """F13, as a share: 0.5 is half."""
        return self.forecast.spent / self.amount

    @property
    def left(self) -> Decimal:
        """What remains; negative when overspent."""
        return self.amount - self.forecast.spent

    @property
    def plan_index(self) -> Decimal | None:
        """F13: 1.00 is on plan; None before the first complete day."""
        if not self.elapsed_days:
            return None
        return self.use / (Decimal(self.elapsed_days) / Decimal(self.period.days))
