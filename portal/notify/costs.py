"""Who hears of costs: leads and budget owners of budgets and unusual days, administrators of sources and checks.

Signals tell at once; `tell_costs` looks again on a schedule, so that a worker that dies in between loses nothing.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from audit.costs.models import Anomaly, BudgetNotice, Source, Violation
from audit.costs.outlooks import FORECAST
from audit.costs.pulling import FAILING_AFTER
from audit.costs.settings import cost_settings
from audit.costs.types import By
from audit.ledger.selectors import events_visible_to
from audit.ledger.types import EventFilters, Scope
from grants.directory.models import Person, Team
from grants.directory.roles import ADMINISTRATOR, BUDGET
from grants.directory.selectors import leads_of
from portal.edges.cost_filters import months_after
from portal.edges.cost_names import cost_names
from portal.notify.kinds import Kind
from portal.notify.models import Notification
from portal.notify.services import notify

LOOKED_BACK = timedelta(days=2)
"""How long after it happened something is still told that was not."""
FAILING_FOR = timedelta(hours=1)
"""How long a source may fail before somebody is told: shorter outages heal by themselves."""


def budget_reached(budget: int, what: str, **_kwargs: Any) -> None:
    """Tell the team's leads and budget owners that a threshold is reached, or that the forecast is over it."""
    for notice in _notices().filter(budget=budget, what=what):
        _tell_budget(notice, timezone.now())


def anomaly_found(anomaly: int, **_kwargs: Any) -> None:
    """Tell the team's leads and budget owners of an unusual day."""
    for row in Anomaly.objects.filter(pk=anomaly):
        _tell_anomaly(row, timezone.now())


def violations_found(**_kwargs: Any) -> None:
    """Tell administrators what the nightly check found."""
    _tell_violations(timezone.now())


def tell_costs(*, now: datetime) -> int:
    """Tell whatever of the last two days was not told, and which sources have failed for an hour; returns how many."""
    since = now - LOOKED_BACK
    return (
        sum(_tell_budget(notice, now) for notice in _notices().filter(at__gte=since))
        + sum(_tell_anomaly(row, now) for row in Anomaly.objects.filter(found_at__gte=since, noted_by=""))
        + _tell_violations(now)
        + _tell_sources(now)
    )


def tell_once(
    *, people: Iterable[int], kind: Kind, occasion: str, now: datetime, params: dict[str, Any]
) -> int:
    """Tell those who were not told yet; what was told already wakes nobody. Returns how many were told now."""
    wanted = set(people)
    known = Notification.objects.filter(recipient__in=wanted, kind=kind, occasion=occasion)
    new = wanted - set(known.values_list("recipient_id", flat=True))
    return notify(people=new, kind=kind, occasion=occasion, now=now, params=params) if new else 0


def keepers_of(team: str) -> set[int]:
    """Active leads of a team (empty: of none) and budget owners; administrators where nobody owns budgets."""
    found = Team.objects.filter(key=team).first() if team else None
    leads = set(leads_of(found).values_list("pk", flat=True)) if found else set()
    return leads | (_holders(BUDGET) or _holders(ADMINISTRATOR))


def _holders(role: str) -> set[int]:
    return set(Person.objects.filter(active=True, roles__role=role).values_list("pk", flat=True))


def _notices() -> "QuerySet[BudgetNotice]":
    return BudgetNotice.objects.filter(budget__outlook__isnull=False).select_related("budget__outlook")


def _tell_budget(notice: BudgetNotice, now: datetime) -> int:
    budget, expected = notice.budget, notice.budget.outlook
    team, currency = budget.owner if budget.owner_kind == "team" else "", cost_settings().currency
    over = notice.what == FORECAST
    return tell_once(
        people=keepers_of(team),
        kind=Kind.BUDGET_FORECAST if over else Kind.BUDGET_REACHED,
        occasion=f"budget:{notice.pk}",
        now=now,
        params={
            "owner": team_name(team) or budget.owner,
            "key": team,
            **({} if over else {"percent": notice.what}),
            "period": [str(budget.starts), str(budget.ends)],
            "spent": money_of(expected.spent, currency),
            "budget": money_of(budget.amount, currency),
            "expected": [*money_of(expected.forecast, currency), iso(expected.ends_on)],
        },
    )


def _tell_anomaly(row: Anomaly, now: datetime) -> int:
    currency, month = cost_settings().currency, row.day.replace(day=1)
    return tell_once(
        people=keepers_of(row.team),
        kind=Kind.COST_UNUSUAL if row.high else Kind.COST_MISSING,
        occasion=f"unusual:{row.team}:{row.day}",
        now=now,
        params={
            "who": team_name(row.team),
            "key": row.team,
            "day": str(row.day),
            "period": [str(month), str(months_after(month, 1))],
            "amount": money_of(row.amount, currency),
            "usual": money_of(row.usual, currency),
            "causes": _causes(row, currency),
        },
    )


def _causes(row: Anomaly, currency: str) -> list[list[str]]:
    """The causes with their names; what has none keeps none, to be said in the reader's language."""
    wanted: dict[By, set[str]] = {}
    for one in row.causes:
        wanted.setdefault(By(one["by"]), set()).add(one["value"])
    names = cost_names(wanted)
    return [
        [one["by"], names.of(By(one["by"]), one["value"]) if one["value"] else "", one["amount"], currency]
        for one in row.causes
    ]


def _tell_violations(now: datetime) -> int:
    rows = Violation.objects.filter(found_at__gte=now - LOOKED_BACK, cleared_at=None).order_by("found_at")
    return sum(
        _tell_check(at, [row.day for row in found], now)
        for at, found in groupby(rows, key=lambda row: row.found_at)
    )


def _tell_check(at: datetime, days: list[date], now: datetime) -> int:
    return tell_once(
        people=_holders(ADMINISTRATOR),
        kind=Kind.COSTS_BROKEN,
        occasion=f"costs-check:{at.isoformat()}",
        now=now,
        params={"count": len(days), "first": str(min(days)), "last": str(max(days))},
    )


def _tell_sources(now: datetime) -> int:
    failing = Source.objects.filter(enabled=True, attempts__gte=FAILING_AFTER).exclude(error="")
    return sum(_tell_source(source, now) for source in failing.order_by("pk"))


def _tell_source(source: Source, now: datetime) -> int:
    """The ledger holds when each outage began: once for each, however often it failed since."""
    filters = EventFilters(kind="audit.cost-source.failed", subject=f"source:{source.key}")
    began = events_visible_to(Scope(everything=True), filters).first()
    if began is None or now - began.at < FAILING_FOR:
        return 0
    return tell_once(
        people=_holders(ADMINISTRATOR),
        kind=Kind.SOURCE_FAILING,
        occasion=f"outage:{began.sequence}",
        now=now,
        params={"source": source.name, "since": began.at.isoformat(), "error": source.error},
    )


def team_name(key: str) -> str:
    """The name of a team by its key; empty for none, the key where the team is gone."""
    if not key:
        return ""
    return Team.objects.filter(key=key).values_list("name", flat=True).first() or key


def money_of(amount: Decimal | None, currency: str) -> list[str | None]:
    """An amount as parameters keep it."""
    return [None if amount is None else str(amount), currency]


def iso(day: date | None) -> str | None:
    """A day as parameters keep it."""
    return None if day is None else str(day)
