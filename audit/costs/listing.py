"""What keepers of costs look through: prices, budgets, reservations, sources, loads, what was restated."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Prefetch, Q, QuerySet

from audit.costs.models import (
    ActivityWindow,
    Anomaly,
    Budget,
    BudgetNotice,
    ClusterClaim,
    GpuType,
    Load,
    Overhead,
    Rate,
    RateRevision,
    Reservation,
    Restatement,
    Source,
    UsageKey,
)
from audit.costs.types import CostScope


@dataclass(frozen=True, slots=True)
class PriceStep:
    """The price of a GPU hour from a day on. `price` None: the price ends that day; `version`: who said so last."""

    from_day: date
    price: Decimal | None
    version: int


@dataclass(frozen=True, slots=True)
class PriceLine:
    """The prices of one type, cluster and class over time, oldest first; empty cluster or class: every one."""

    gpu_type: str
    cluster: str
    pricing_class: str
    steps: tuple[PriceStep, ...]

    def on(self, day: date) -> PriceStep | None:
        """The step that holds on a day; None before the first."""
        return next((step for step in reversed(self.steps) if step.from_day <= day), None)

    def after(self, day: date) -> tuple[PriceStep, ...]:
        """The steps that come later than a day."""
        return tuple(step for step in self.steps if step.from_day > day)


def price_lines() -> list[PriceLine]:
    """The rate card: for each day of each key the row of the highest version. One query."""
    rows = Rate.objects.order_by(
        "gpu_type", "cluster", "pricing_class", "from_day", "revision__number"
    ).values_list("gpu_type", "cluster", "pricing_class", "from_day", "price", "revision__number")
    found: dict[tuple[str, str, str], dict[date, PriceStep]] = {}
    for gpu_type, cluster, pricing_class, from_day, price, version in rows:
        steps = found.setdefault((gpu_type, cluster, pricing_class), {})
        steps[from_day] = PriceStep(from_day, price, version)
    return [PriceLine(*key, tuple(steps.values())) for key, steps in found.items()]


def revisions() -> QuerySet[RateRevision]:
    """Published versions of the rate card with their rows, newest first."""
    rows = Rate.objects.order_by("gpu_type", "cluster", "pricing_class", "from_day")
    return RateRevision.objects.prefetch_related(Prefetch("rates", queryset=rows)).order_by("-number")


def restatements_in(scope: CostScope) -> QuerySet[Restatement]:
    """Closed days whose figures changed, of the teams of the scope, newest first."""
    rows = Restatement.objects.order_by("-at", "-pk")
    return rows if scope.everything else rows.filter(team__in=scope.teams - {""})


def gpu_types() -> QuerySet[GpuType]:
    """Types of GPU by label."""
    return GpuType.objects.order_by("label", "key")


def clusters_seen() -> list[str]:
    """Clusters that sources report or reservations name, by name."""
    claimed = ClusterClaim.objects.values_list("cluster", flat=True)
    return sorted({*claimed, *Reservation.objects.values_list("cluster", flat=True)} - {""})


def types_without_entry() -> list[str]:
    """Types of GPU that were used and that nobody has described."""
    used = set(UsageKey.objects.order_by().values_list("gpu_type", flat=True).distinct())
    return sorted(used - set(GpuType.objects.values_list("key", flat=True)))


def budgets_in(*, teams: Collection[str] | None = None) -> QuerySet[Budget]:
    """Budgets with outlook and told thresholds, by owner, newest period first.

    `teams` None: of every team and cost centre; else those of these teams alone.
    """
    told = BudgetNotice.objects.order_by("at")
    rows = Budget.objects.select_related("outlook").prefetch_related(Prefetch("notices", queryset=told))
    if teams is not None:
        rows = rows.filter(owner_kind="team", owner__in=teams)
    return rows.order_by("owner_kind", "owner", "-starts", "pk")


def running_on(budgets: QuerySet[Budget], day: date) -> QuerySet[Budget]:
    """Those whose period holds the day."""
    return budgets.filter(starts__lte=day, ends__gt=day)


def reservations() -> QuerySet[Reservation]:
    """What teams have reserved, the running ones first, by name."""
    return Reservation.objects.order_by(F("ends").desc(nulls_first=True), "name")


def overheads() -> QuerySet[Overhead]:
    """Costs that belong to nobody alone, newest month first."""
    return Overhead.objects.order_by("-month", "name", "pk")


def sources() -> QuerySet[Source]:
    """Where usage comes from, with the clusters each reports, by name."""
    claims = ClusterClaim.objects.order_by("facts", "cluster")
    return Source.objects.prefetch_related(Prefetch("claims", queryset=claims)).order_by("name", "pk")


def loads_of(sources: Iterable[Source] | None = None) -> QuerySet[Load]:
    """What was brought, newest first."""
    rows = Load.objects.select_related("source").order_by("-at", "-pk")
    return rows if sources is None else rows.filter(source__in=list(sources))


def windows_active(thresholds: Sequence[Decimal], *, since: date) -> tuple[int, list[int]]:
    """Windows of activity from a day (in UTC) on: how many, and how many count as active at each threshold."""
    counts = {f"at_{place}": Count("pk", filter=Q(activity__gte=one)) for place, one in enumerate(thresholds)}
    found = ActivityWindow.objects.filter(day__gte=since).aggregate(measured=Count("pk"), **counts)
    return found["measured"], [found[name] for name in counts]


def anomalies_visible(*, teams: Collection[str] | None = None) -> QuerySet[Anomaly]:
    """Unusual days, newest first. `teams` None: of every team and of the organisation as a whole."""
    rows = Anomaly.objects.order_by("-day", "-pk")
    return rows if teams is None else rows.filter(Q(team__in=teams) & ~Q(team=""))
