"""Looking for unusual days after data have come (F18), and for what made them so (F19)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import transaction

from audit.costs.anomalies import CAUSES, DAYS, WEEKS_FOR_WEEKDAYS, Verdict, causes, judge, usual_days
from audit.costs.models import Anomaly, Budget
from audit.costs.narrowing import narrowed
from audit.costs.planning import Cause
from audit.costs.signals import anomaly_found
from audit.costs.standings import complete_day
from audit.costs.types import UNATTRIBUTED, By, CostFilters, CostScope, Period

LOOKED_AT = 7
"""Days that are judged again each time: data come late."""
WHOLE = ""
"""The team of an unusual day of the whole organisation."""
_EVERYTHING = CostScope(everything=True, names=True)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is the same for all teams: `today` is the first day that is not complete, `kept` unusual days known."""

    today: date
    now: datetime
    kept: frozenset[tuple[str, date]]
    budgets: dict[str, Decimal]


Histories = dict[str, dict[date, Decimal]]


def find_anomalies(*, now: datetime) -> int:
    """Judge the last complete days of every team and of the whole organisation; returns how many are new.

    A day that is no longer unusual, because late data came, is forgotten unless somebody has noted it.
    """
    today = complete_day()
    if today is None:
        return 0
    kept = Anomaly.objects.filter(day__gte=today - timedelta(days=7 * WEEKS_FOR_WEEKDAYS + LOOKED_AT + 1))
    look = _Look(today, now, frozenset(kept.values_list("team", "day")), _daily_budgets(today))
    return sum(_judge_team(team, history, look) for team, history in _histories(today).items())


def _judge_team(team: str, history: dict[date, Decimal], look: _Look) -> int:
    first, new = min(history, default=look.today), 0
    for day in (look.today - timedelta(days=n) for n in range(LOOKED_AT, 0, -1)):
        others = {one for name, one in look.kept if name == team and one != day}
        found = judge(history, day=day, first=first, flagged=others, daily_budget=look.budgets.get(team))
        if found is None:
            Anomaly.objects.filter(team=team, day=day, noted_by="").delete()
        else:
            new += _keep(team, found, _causes(team, found, first, others), look.now)
    return new


def _keep(team: str, found: Verdict, why: list[Cause], now: datetime) -> bool:
    told = [{"by": one.by.value, "value": one.value, "amount": str(one.amount)} for one in why]
    values = {
        "high": found.high,
        "amount": found.amount,
        "usual": found.usual,
        "score": found.score,
        "causes": told,
    }
    with transaction.atomic():
        row, new = Anomaly.objects.update_or_create(
            team=team, day=found.day, defaults=values, create_defaults={**values, "found_at": now}
        )
        if new:
            transaction.on_commit(partial(_tell, row.pk, team, found.day), robust=True)
    return new


def _tell(pk: int, team: str, day: date) -> None:
    anomaly_found.send_robust(sender=Anomaly, anomaly=pk, team=team, day=day)


def _histories(today: date) -> Histories:
    """Direct cost by team and day, as far back as weekdays are looked at; with the whole organisation's."""
    span = Period(today - timedelta(days=7 * WEEKS_FOR_WEEKDAYS + LOOKED_AT + 1), today)
    rows = narrowed(_EVERYTHING, CostFilters(span), bys=[By.TEAM])
    found: Histories = {WHOLE: {}}
    for team, day, cost in rows.ask("SELECT team, day, sum(cost) FROM rows GROUP BY 1, 2"):
        whole = found[WHOLE]
        whole[day] = whole.get(day, Decimal(0)) + cost
        if team != UNATTRIBUTED:
            found.setdefault(team, {})[day] = cost
    return found


def _daily_budgets(today: date) -> dict[str, Decimal]:
    rows = Budget.objects.filter(owner_kind="team", starts__lt=today, ends__gte=today)
    return {one.owner: one.amount / (one.ends - one.starts).days for one in rows}


def _causes(team: str, found: Verdict, first: date, flagged: Collection[date]) -> list[Cause]:
    days = usual_days(found.day, first=first, flagged=flagged)
    filters = CostFilters(
        Period(found.day - timedelta(days=DAYS), found.day + timedelta(days=1)), teams=(team,) if team else ()
    )
    now: dict[tuple[By, str], Decimal] = {}
    before: dict[tuple[By, str], dict[date, Decimal]] = {}
    for by, value, day, cost in _costs(filters):
        if day == found.day:
            now[by, value] = cost
        elif day in days:
            before.setdefault((by, value), {})[day] = cost
    usual = {key: [costs.get(day, Decimal(0)) for day in days] for key, costs in before.items()}
    return causes(usual, now, high=found.high)


def _costs(filters: CostFilters) -> Iterable[tuple[By, str, date, Decimal]]:
    names = [f'"{by.value}"' for by in CAUSES]
    whens = " ".join(f"WHEN grouping({name}) = 0 THEN {n}" for n, name in enumerate(names))
    found = narrowed(_EVERYTHING, filters, bys=CAUSES).ask(
        "SELECT CASE {whens} END, coalesce({names}), day, sum(cost) FROM rows GROUP BY GROUPING SETS ({sets})",
        whens=whens, names=", ".join(names), sets=", ".join(f"(day, {name})" for name in names),
    )  # fmt: skip
    return ((CAUSES[told], value, day, cost) for told, value, day, cost in found)
