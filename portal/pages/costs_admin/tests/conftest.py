"""The cast of the pages of keeping costs, with a budget owner, and a price, a budget and a source to keep."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from audit.costs.models import Budget, GpuType, Outlook
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
