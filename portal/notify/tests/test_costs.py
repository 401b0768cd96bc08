"""Who hears of costs: each occasion once, in words of both languages, with a link to how things stand."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from audit.costs.models import Anomaly, Budget, BudgetNotice, Outlook, Source, Violation
from audit.costs.signals import anomaly_found, budget_reached, violations_found
from audit.ledger.actors import system
from audit.ledger.services import audited, record
from grants.directory.models import Person
from grants.directory.testing import Cast, cast, make_person
from portal.notify.costs import tell_costs
from portal.notify.kinds import Kind
from portal.notify.models import Notification
from portal.notify.texts import message_of

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()


@pytest.fixture
def people() -> Cast:
    made = cast()
    make_person("bea", roles=["budget"])
    return made


def told(kind: Kind) -> list[str]:
    found = Notification.objects.filter(kind=kind).order_by("recipient__user_name")
    return list(found.values_list("recipient__user_name", flat=True))


def said(kind: Kind, language: str = "en") -> Any:
    row = Notification.objects.filter(kind=kind).order_by("pk").first()
    assert row is not None
    return message_of(row, language=language)


def make_notice(
    what: str, *, kind: str = "team", owner: str = "anti-fraud", at: datetime = NOW
) -> BudgetNotice:
    budget = Budget.objects.create(
        owner_kind=kind, owner=owner, starts=date(2026, 11, 1), ends=date(2026, 12, 1), amount=Decimal("5000")
    )
    Outlook.objects.create(
        budget=budget, at=at, spent=Decimal("4100"), forecast=Decimal("6100.5"), ends_on=date(2026, 11, 24)
    )
    return BudgetNotice.objects.create(budget=budget, what=what, at=at)


def reach(notice: BudgetNotice) -> None:
    budget_reached.send_robust(sender=Budget, budget=notice.budget_id, what=notice.what, view=None)


def make_anomaly(team: str, *, high: bool = True, at: datetime = NOW) -> Anomaly:
    causes = [
        {"by": "project", "value": "anti-fraud-v2", "amount": "410"},
        {"by": "project", "value": "", "amount": "9"},
    ]
    return Anomaly.objects.create(
        team=team, day=date(2026, 11, 12), high=high, amount=Decimal("812"), usual=Decimal("230"), score=Decimal(5),
        causes=causes, found_at=at,
    )  # fmt: skip


def fail(source: Source, *, since: datetime) -> None:
    with audited(by=system("costs")):
        record(
            "audit.cost-source.failed", subject=f"source:{source.key}", detail={"error": "503", "attempts": 3}
        )
    # The ledger's own clock stands; the outage is looked at from later.
    Source.objects.filter(pk=source.pk).update(attempts=3, error="503", failed_at=since)


def test_a_threshold_reaches_leads_and_budget_owners_once(people: Cast) -> None:
    notice = make_notice("80")
    for _again in range(2):
        reach(notice)
    tell_costs(now=NOW)
    assert told(Kind.BUDGET_REACHED) == ["alice", "bea"]
    message = said(Kind.BUDGET_REACHED)
    assert message.subject == "Anti-fraud has spent 80 % of its budget"
    assert message.body.startswith("November 2026: US$\u00a04,100.00 of US$\u00a05,000.00 is spent.")
    assert message.body.endswith("The money is gone on 24 November 2026.")
    assert message.url.endswith("/costs/teams/anti-fraud/?from=2026-11-01&to=2026-11-30")


def test_a_forecast_over_the_budget_is_an_occasion_of_its_own(people: Cast) -> None:
    notice = make_notice("forecast")
    reach(notice)
    BudgetNotice.objects.create(budget=notice.budget, what="100", at=NOW)
    tell_costs(now=NOW)
    assert (told(Kind.BUDGET_FORECAST), told(Kind.BUDGET_REACHED)) == (["alice", "bea"], ["alice", "bea"])
    assert said(Kind.BUDGET_FORECAST).subject == "Anti-fraud is expected to go over its budget"


def test_a_budget_of_a_cost_centre_is_told_to_budget_owners_only(people: Cast) -> None:
    reach(make_notice("80", kind="cost_centre", owner="CC-7"))
    assert told(Kind.BUDGET_REACHED) == ["bea"]
    assert said(Kind.BUDGET_REACHED).url.endswith("/costs/budgets/")


def test_administrators_hear_of_budgets_where_nobody_owns_them(people: Cast) -> None:
    Person.objects.filter(user_name="bea").update(active=False, disabled_at=NOW)
    reach(make_notice("80", kind="cost_centre", owner="CC-7"))
    assert told(Kind.BUDGET_REACHED) == ["root"]


def test_an_unusual_day_is_told_with_what_made_it_so(people: Cast) -> None:
    row = make_anomaly("anti-fraud")
    anomaly_found.send_robust(sender=Anomaly, anomaly=row.pk, team=row.team, day=row.day)
    # The same day, found again after it was forgotten, is no news.
    row.delete()
    again = make_anomaly("anti-fraud")
    anomaly_found.send_robust(sender=Anomaly, anomaly=again.pk, team=again.team, day=again.day)
    assert told(Kind.COST_UNUSUAL) == ["alice", "bea"]
    message = said(Kind.COST_UNUSUAL)
    assert message.subject == "Anti-fraud: unusual GPU cost on 12 November 2026, US$\u00a0812.00"
    assert message.body == (
        f"US$\u00a0230.00 is usual. Most of it: project {people.project.name} (+US$\u00a0410.00), "
        "No project (+US$\u00a09.00)."
    )


def test_a_day_of_everybody_without_use_is_told_as_missing_data(people: Cast) -> None:
    make_anomaly("", high=False)
    tell_costs(now=NOW)
    assert told(Kind.COST_MISSING) == ["bea"]
    message = said(Kind.COST_MISSING)
    assert message.subject == "The whole organisation: unusually little GPU use on 12 November 2026"
    assert message.url.endswith("/costs/organisation/?from=2026-11-01&to=2026-11-30")


def test_what_a_worker_that_died_did_not_tell_is_told_later_but_not_old_news(people: Cast) -> None:
    make_notice("80")
    make_notice("80", owner="risk", at=NOW - timedelta(days=3))
    make_anomaly("anti-fraud", at=NOW - timedelta(days=3))
    assert tell_costs(now=NOW) == 2
    assert tell_costs(now=NOW) == 0
    assert set(Notification.objects.values_list("kind", "params__key")) == {
        (Kind.BUDGET_REACHED, "anti-fraud")
    }


def test_a_check_that_finds_something_is_told_to_administrators_once(people: Cast) -> None:
    for day in (12, 14):
        Violation.objects.create(kind="totals", day=date(2026, 11, day), found_at=NOW, seen_at=NOW)
    for _again in range(2):
        violations_found.send_robust(
            sender=Violation, count=2, first=date(2026, 11, 12), last=date(2026, 11, 14)
        )
    assert told(Kind.COSTS_BROKEN) == ["root"]
    message = said(Kind.COSTS_BROKEN)
    assert message.body.startswith("Newly found: 2, on days from 12 November 2026 to 14 November 2026.")
    assert message.url.endswith("/costs/sources/")


def test_a_source_is_told_after_an_hour_of_failing_and_once_for_each_outage(people: Cast) -> None:
    source = Source.objects.create(key="main", kind="opencost", name="OpenCost east")
    fail(source, since=NOW)
    began = timezone.now()
    assert tell_costs(now=began + timedelta(minutes=59)) == 0
    assert [tell_costs(now=began + timedelta(minutes=61 + n)) for n in range(2)] == [1, 0]
    assert told(Kind.SOURCE_FAILING) == ["root"]
    assert said(Kind.SOURCE_FAILING).subject == "GPU usage from OpenCost east cannot be read"
    Source.objects.update(attempts=0, error="")
    assert tell_costs(now=began + timedelta(hours=5)) == 0
    fail(source, since=NOW)
    assert tell_costs(now=timezone.now() + timedelta(hours=6)) == 1
