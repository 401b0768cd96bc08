"""How far figures can be trusted: which sources there are, through when, by which rates, and what was restated."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Max, Q, Value

from audit.costs.models import ClusterClaim, GpuType, RateRevision, Source
from audit.costs.narrowing import PLACE_DAYS, ask, narrowed, sees_teams, small_table
from audit.costs.once import read_once
from audit.costs.records import Facts
from audit.costs.settings import cost_settings
from audit.costs.sources.options import settling
from audit.costs.types import By, CostFilters, CostScope, SourceState, Standing, Unpriced

LATE = timedelta(hours=3)
"""A source is late when it is behind by three of its own intervals and by this at least, beyond what may change."""


def standing(scope: CostScope, filters: CostFilters, now: datetime) -> Standing:
    """What is printed on every page of costs about the figures of these filters."""
    chosen, sources = cost_settings(), source_states(now)
    usage = [one.complete_through for one in sources if Facts.USAGE in one.facts and one.complete_through]
    days, at, version = _restated(scope, filters)
    metrics, unpriced = _trust(scope, filters)
    return Standing(
        currency=chosen.currency,
        rate_version=version,
        shared_method=chosen.shared_method,
        threshold=chosen.active_threshold,
        metrics=metrics,
        complete_through=min(usage) if usage else None,
        sources=tuple(sources),
        missing=missing_facts(sources),
        restated_days=days,
        restated_at=at,
        unpriced=unpriced,
    )


@read_once
def complete_through() -> datetime | None:
    """The time up to which every source of usage is believed to be whole; None: none was ever read."""
    brings = ClusterClaim.objects.filter(facts=Facts.USAGE).values("source")
    known = Source.objects.filter(pk__in=brings, enabled=True, complete_through__isnull=False)
    return known.order_by("complete_through").values_list("complete_through", flat=True).first()


def complete_day() -> date | None:
    """The first day of the reporting time zone that is not complete yet."""
    through = complete_through()
    return through.astimezone(ZoneInfo(settings.TIME_ZONE)).date() if through else None


def rate_version() -> int:
    """The number of the latest rate card; 0: none was published."""
    return RateRevision.objects.aggregate(latest=Max("number"))["latest"] or 0


def source_states(now: datetime) -> list[SourceState]:
    """Every source that is switched on, by name, with the facts it has brought: one query.

    One that is switched off says nothing any more, so that it cannot hold "complete through" back.
    """
    brought = ArrayAgg("claims__facts", distinct=True, filter=Q(claims__isnull=False), default=Value([]))
    known = Source.objects.filter(enabled=True).annotate(brought=brought).order_by("name")
    return [_state(source, tuple(sorted(source.brought)), now) for source in known]


def _state(source: Source, facts: tuple[str, ...], now: datetime) -> SourceState:
    behind_by_nature = settling(source.kind, source.options)
    allowed = max(LATE, 3 * timedelta(seconds=source.every_seconds)) + behind_by_nature
    behind = source.complete_through is None or now - source.complete_through > allowed
    asked = source.next_attempt_at is not None
    return SourceState(
        source.key,
        source.name,
        facts,
        source.complete_through,
        asked and behind,
        source.error,
    )


def missing_facts(sources: Sequence[SourceState]) -> tuple[str, ...]:
    """The kinds of facts that no source has brought yet."""
    brought = {kind for one in sources for kind in one.facts if one.complete_through}
    return tuple(kind for kind in (Facts.USAGE, Facts.ACTIVITY, Facts.CAPACITY) if kind not in brought)


def _restated(scope: CostScope, filters: CostFilters) -> tuple[int, datetime | None, int]:
    """How many days were restated and when last, and the number of the latest rate card: one query."""
    teams = sees_teams(scope, filters)
    given = [filters.period.first, filters.period.after, teams is None, list(teams or ())]
    days, at, version = ask(_RESTATED, given)[0]
    return days, at, version


_RESTATED = """
SELECT count(DISTINCT day), max(at), (SELECT coalesce(max(number), 0) FROM costs_raterevision)
  FROM costs_restatement WHERE day >= %s AND day < %s AND (%s OR team = ANY(%s))
"""


def _trust(scope: CostScope, filters: CostFilters) -> tuple[tuple[str, ...], tuple[Unpriced, ...]]:
    """How activity was measured, and what has no price: one query."""
    places = small_table(scope, filters, [By.GPU_TYPE]) == PLACE_DAYS
    metric = {"extra": "d.metric"} if places else {"extra": "k.metric", "keys": True}
    rows = narrowed(scope, filters, bys=[By.GPU_TYPE], **metric)
    found = rows.ask(
        "SELECT grouping(metric) = 0, coalesce(metric, gpu_type) AS name, sum(unpriced_ms)::bigint AS ms,"
        " min(day) FILTER (WHERE unpriced_ms > 0) FROM rows GROUP BY GROUPING SETS ((metric), (gpu_type))"
        " ORDER BY ms DESC, name"
    )
    metrics = sorted(name for is_metric, name, *_ in found if is_metric and name)
    return tuple(metrics), tuple(Unpriced(*row) for is_metric, *row in found if not is_metric and row[1])


def gpu_labels() -> dict[str, tuple[str, int]]:
    """How pages call each GPU type, and its colour in charts, by key."""
    return {
        key: (label, colour) for key, label, colour in GpuType.objects.values_list("key", "label", "colour")
    }
