"""Values of overviews, shared cost, estimates, anomalies and lists of teams, as pages are given them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from audit.costs import figures
from audit.costs.types import ZERO, By, Period, Sums


@dataclass(frozen=True, slots=True)
class Organisation:
    """What the layer above tells about teams: the cost centre of each (may be empty), and its quota of GPUs."""

    cost_centres: Mapping[str, str] = field(default_factory=dict)
    quotas: Mapping[str, Decimal] = field(default_factory=dict)

    def teams_of(self, owner_kind: str, owner: str) -> tuple[str, ...]:
        """The teams a budget's owner stands for: the team itself, or those of the cost centre."""
        if owner_kind == "team":
            return (owner,)
        return tuple(sorted(team for team, centre in self.cost_centres.items() if centre == owner))


@dataclass(frozen=True, slots=True)
class BudgetTerms:
    """What a budget is set to: `owner_kind` is team or cost_centre, `thresholds` percents told once each."""

    owner_kind: str
    owner: str
    period: Period
    amount: Decimal
    thresholds: tuple[int, ...] = (80, 100)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unused:
    """Reserved GPU time that nobody held, charged to the reservation's owner (F6)."""

    ms: int = 0
    cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Overview:
    """The row of figures on top of a page. `before`: the period before, `Period.before`.

    `unattributed` (F10) is the part of `now` without a team, empty unless everything is seen;
    `without_project` the direct cost with a team and no project (None: too much to tell for these filters).
    `shared` is F8, zero with the method none and whenever a filter narrows a page to less than whole teams.
    """

    now: Sums
    before: Sums
    unused: Unused
    unused_before: Unused
    shared: Decimal
    shared_before: Decimal
    unattributed: Sums
    without_project: Decimal | None

    @property
    def total(self) -> Decimal:
        """F9: direct cost, unused reservations and shared cost."""
        return figures.total(direct=self.now.cost, unused=self.unused.cost, shared=self.shared)

    @property
    def total_before(self) -> Decimal:
        """F9 of the period before."""
        return figures.total(
            direct=self.before.cost, unused=self.unused_before.cost, shared=self.shared_before
        )


@dataclass(frozen=True, slots=True)
class SharedDay:
    """One line of the arithmetic of F8: of `pool`, `weight` of `weights` was this team's, so `amount`.

    With the method direct the weights are that day's direct cost; with quota, GPUs; with equal, 1 of n.
    """

    day: date
    unallocated: Decimal
    overhead: Decimal
    weight: Decimal
    weights: Decimal
    amount: Decimal

    @property
    def pool(self) -> Decimal:
        """What is shared on the day."""
        return self.unallocated + self.overhead


@dataclass(frozen=True, slots=True)
class SharedLine:
    """What of the shared cost (F8) one team is charged, and how. `days` only where the arithmetic is asked."""

    team: str
    method: str
    amount: Decimal
    days: tuple[SharedDay, ...] = ()


@dataclass(frozen=True, slots=True)
class OrgLine:
    """One team of the organisation (table T5): its sums and, where it has a budget now, how that stands.

    `budget` None: no budget covers the day asked about. `forecast` None: too early to say. `plan_index` and
    `use` are figure F13. `unused_cost` is F6, `shared` F8; `without_project` what nothing ties to a project.
    """

    team: str
    sums: Sums
    before: Sums
    unused_cost: Decimal
    shared: Decimal
    without_project: Decimal
    budget: Decimal | None = None
    budget_period: Period | None = None
    spent: Decimal | None = None
    forecast: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    committed: Decimal = ZERO
    use: Decimal | None = None
    plan_index: Decimal | None = None
    ends_on: date | None = None

    @property
    def total(self) -> Decimal:
        """F9 of the period of the page."""
        return figures.total(direct=self.sums.cost, unused=self.unused_cost, shared=self.shared)


@dataclass(frozen=True, slots=True)
class Adopter:
    """A team that uses an image (table T6). Who has access is joined by the page."""

    team: str
    people: int
    sums: Sums
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Cause:
    """What made a day unusual (F19): `value` of `by` was `amount` above (below: negative) what is usual."""

    by: By
    value: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class AnomalyView:
    """An unusual day of a team (empty: of the whole organisation). Causes by person only with names."""

    pk: int
    day: date
    team: str
    high: bool
    amount: Decimal
    usual: Decimal
    score: Decimal
    causes: tuple[Cause, ...]
    found_at: datetime
    noted_by: str
    note: str

    @property
    def excess(self) -> Decimal:
        """How far it is from what is usual; negative when below."""
        return self.amount - self.usual


@dataclass(frozen=True, slots=True)
class Choices:
    """What filters can be set to: the values that occur in the scope and period, most costly first."""

    values: Mapping[By, tuple[str, ...]]
    more: frozenset[By] = frozenset()
    """Those of which there are more than are listed: search for them instead."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What planned use will cost (F20): people x hours a week x weeks = `hours`, x `rate` = `amount`.

    `rate` and `amount` None: no price is published for that type on `day`; hours stand all the same.
    """

    people: int
    hours_per_week: Decimal
    weeks: Decimal
    gpu_type: str
    day: date
    hours: Decimal
    rate: Decimal | None
    rate_version: int
    currency: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one estimate: planned hours and amount against what was used so far.

    `over`: the use has ended, so the ratio counts.
    """

    origin: str
    grant: str
    project: str
    gpu_type: str
    hours: Decimal
    amount: Decimal | None
    actual: Sums
    starts: date
    ends: date
    over: bool

    @property
    def ratio(self) -> Decimal | None:
        """Actual money by estimated money; by hours where there was no price; None without an estimate."""
        if self.amount:
            return self.actual.cost / self.amount
        return Decimal(self.actual.held_ms) / 3_600_000 / self.hours if self.hours else None


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How a team's estimates turned out (F20 afterwards): `median` ratio of those that are over, None: none is."""

    team: str
    median: Decimal | None
    outcomes: tuple[Outcome, ...]
