"""The mail of a team's month: when it is sent, to whom, once, and that it says what the pages say."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail

from audit.costs.budgets import set_budget
from audit.costs.models import Source
from audit.costs.planning import BudgetTerms
from audit.costs.types import Period
from audit.ledger.actors import operator
from grants.directory.models import Person
from grants.directory.testing import Cast, cast, make_person, make_project, make_team
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from portal.notify.kinds import Kind
from portal.notify.models import Notification
from portal.notify.months import tell_months
from portal.notify.services import send_due
from portal.pages.costs.testing import make_prices, make_use

pytestmark = pytest.mark.django_db
FIRST = date(2026, 10, 1)
COMPLETE = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _memory(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def people() -> Cast:
    """October: each day 12 h of L40S at 2.00, half of it idle, and 2 h of H100 at 4.50: 33.00 a day."""
    made = cast()
    make_prices(FIRST)
    make_use(FIRST, 31)
    return made


def complete_through(at: datetime) -> None:
    Source.objects.update(complete_through=at)


def set_october(owner: str = "anti-fraud", amount: str = "2000", months: int = 1) -> None:
    period = Period(FIRST, date(2026, 10 + months, 1))
    terms = BudgetTerms(owner_kind="team", owner=owner, period=period, amount=Decimal(amount))
    set_budget(terms=terms, by=operator("root"), now=COMPLETE)


def told() -> list[str]:
    rows = Notification.objects.filter(kind=Kind.COSTS_MONTH).order_by("recipient__user_name")
    return list(rows.values_list("recipient__user_name", flat=True))


def mailed() -> str:
    Notification.objects.update(mail_due_at=COMPLETE)
    send_due(now=COMPLETE + timedelta(days=30))
    return str(mail.outbox[0].body).replace("\u00a0", " ")


def test_it_is_sent_once_when_the_month_is_complete(people: Cast) -> None:
    complete_through(datetime(2026, 10, 31, 20, tzinfo=UTC))
    assert tell_months(now=datetime(2026, 11, 1, 1, tzinfo=UTC)) == 0
    complete_through(COMPLETE)
    assert [tell_months(now=COMPLETE + timedelta(hours=n)) for n in (1, 2)] == [1, 0]
    assert tell_months(now=COMPLETE + timedelta(days=20)) == 0
    assert told() == ["alice"]


def test_on_the_fifth_it_is_sent_with_what_there_is(people: Cast) -> None:
    complete_through(datetime(2026, 10, 30, 20, tzinfo=UTC))
    assert tell_months(now=datetime(2026, 11, 4, 23, tzinfo=UTC)) == 0
    assert tell_months(now=datetime(2026, 11, 5, 0, 30, tzinfo=UTC)) == 1
    assert "Complete through 30 October 2026, 20:00." in mailed()


def test_without_data_of_the_month_nobody_is_told(people: Cast) -> None:
    complete_through(datetime(2026, 9, 30, 20, tzinfo=UTC))
    assert tell_months(now=datetime(2026, 11, 20, tzinfo=UTC)) == 0
    Source.objects.update(complete_through=None)
    assert tell_months(now=datetime(2026, 11, 20, tzinfo=UTC)) == 0


def test_it_says_total_budget_forecast_idle_projects_and_unused_access(people: Cast) -> None:
    make_use(FIRST, 31, project=make_project("defect", team=people.team, name="Defect").key, cluster="west")
    set_october()
    grant = make_grant(
        project=people.project, members=[people.bob], starts=COMPLETE - timedelta(days=60),
        ends=COMPLETE + timedelta(days=60),
    )  # fmt: skip
    Grant.objects.filter(pk=grant.pk).update(status="active")
    complete_through(COMPLETE)
    tell_months(now=COMPLETE)
    text = mailed()
    assert mail.outbox[0].subject == "[Purser] Anti-fraud: GPU costs of October 2026"
    assert text.startswith(
        "Anti-fraud spent US$ 2,046.00 on GPUs in October 2026. The data of the month are complete."
    )
    assert "Budget, October 2026: 102 % of US$ 2,000.00 is spent (US$ 2,046.00)\n" in text
    assert "Forecast, November 2026: US$ 1,980.00\n" in text
    assert "Held but idle: US$ 744.00 (43 % of measured hours)\n" in text
    assert "- Anti fraud v2: US$ 1,023.00\n" in text
    assert "- Defect: US$ 1,023.00\n" in text
    assert "1 person has access and did not use it in 30 days: Bob\n1 grant is unused\n" in text
    assert "/costs/teams/anti-fraud/unused/\n" in text
    assert text.endswith("/costs/teams/anti-fraud/?from=2026-10-01&to=2026-10-31\n")


def test_a_budget_that_goes_on_says_what_is_expected_by_its_end(people: Cast) -> None:
    set_october(months=2, amount="3000")
    complete_through(COMPLETE)
    tell_months(now=COMPLETE)
    text = mailed()
    assert (
        "Budget, 1 October 2026 to 30 November 2026: 34 % of US$ 3,000.00 is spent (US$ 1,023.00). " in text
    )
    assert "US$ 2,013.00 is expected by the end." in text
    assert "Forecast, November" not in text


def test_it_speaks_the_language_of_the_receiver(people: Cast) -> None:
    Person.objects.filter(pk=people.alice.pk).update(language="zh-hans")
    complete_through(COMPLETE)
    tell_months(now=COMPLETE)
    text = mailed()
    assert "2026年10月" in text
    assert "占用但空闲" in text or "空闲" in text
    assert "Total" not in text


def test_each_lead_of_each_team_with_costs_or_a_budget_is_told(people: Cast) -> None:
    risk, quiet = make_team("risk", name="Risk"), make_team("quiet", name="Quiet")
    make_person("rita", leads=[risk])
    make_person("quinn", leads=[quiet])
    make_person("zoe", leads=[people.team, risk])
    set_october(owner="risk")
    complete_through(COMPLETE)
    assert tell_months(now=COMPLETE) == 4
    assert told() == ["alice", "rita", "zoe", "zoe"]
