"""The cast of the pages of keeping costs, with a budget owner, and a price, a budget and a source to keep."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from audit.costs.intake import take
from audit.costs.models import Budget, GpuType, Load, Outlook, RateRevision, Source
from audit.costs.rates import RateChange, publish_rates
from audit.costs.records import Facts, Reading, UsageRecord
from audit.ledger.actors import operator
from grants.directory.models import Team
from grants.directory.testing import cast, make_person, make_team
from portal.pages.testing import as_person


@pytest.fixture
def people(db: None) -> Any:
    """The named cast, and bea who owns the budgets."""
    named = cast()
    Team.objects.filter(pk=named.team.pk).update(cost_centre="CC-7")
    make_team("credit", name="信贷", cost_centre="CC-9")
    return SimpleNamespace(
        **{name: getattr(named, name) for name in named.__dataclass_fields__}
        | {"bea": make_person("bea", roles=["budget"])}
    )


@pytest.fixture
def client_of(people: Any) -> Any:
    """A browser signed in as somebody by name."""
    return lambda name: as_person(getattr(people, name))


@pytest.fixture
def l40s(db: None) -> GpuType:
    return GpuType.objects.create(key="l40s", label="L40S", aliases=["nvidia-l40s"], colour=0)


def make_budget(owner: str = "anti-fraud", **fields: Any) -> Budget:
    """A budget of 1,000.00 for November 2026, unless said otherwise."""
    given = {
        "owner_kind": "team",
        "owner": owner,
        "starts": date(2026, 11, 1),
        "ends": date(2026, 12, 1),
        "amount": Decimal("1000.00"),
        "thresholds": [80, 100],
    }
    return Budget.objects.create(**given | fields)


def make_outlook(budget: Budget, spent: str, forecast: str | None, **fields: Any) -> Outlook:
    given = {"budget": budget, "at": "2026-11-20T08:00:00Z", "spent": Decimal(spent)}
    return Outlook.objects.create(**given | {"forecast": forecast and Decimal(forecast)} | fields)


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BY = operator("tests")


def publish(
    *prices: tuple[str, str, str | None], reason: str = "First prices", version: int = 0
) -> RateRevision:
    """Prices of types from days on: `("l40s", "2026-01-01", "2.00")`."""
    changes = [
        RateChange(gpu_type, date.fromisoformat(day), None if price is None else Decimal(price))
        for gpu_type, day, price in prices
    ]
    return publish_rates(changes=changes, reason=reason, expected_version=version, by=BY, now=NOW)


def use(day: str, gpus: str = "2", *, hours: int = 3, source: Source | None = None, **fields: Any) -> Load:
    """L40S of team `anti-fraud` (by its project) from midnight UTC of a day on, as a whole day of one source."""
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    given = {
        "start": start,
        "end": start + timedelta(hours=hours),
        "cluster": "gke-1",
        "gpu_type": "l40s",
        "gpus": Decimal(gpus),
        "labels": {"purser.io/project": "anti-fraud-v2"},
    }
    record = UsageRecord(**given | fields)
    reading = Reading(start, start + timedelta(days=1), frozenset({Facts.USAGE}), (record,))
    source = source or Source.objects.get_or_create(key="files", kind="csv", name="Files")[0]
    return take(source=source, readings=[reading], file_name="use.csv", by=BY, now=NOW)
