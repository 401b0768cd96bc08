"""200 grants, one bad press of Done in Jira: the brake holds, an administrator releases it, and it is finished."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.delivery import targets
from grants.delivery.services import plan_rows
from grants.delivery.tests.fake import FakeConnector
from grants.delivery.worker import work_due
from grants.directory.testing import Cast, cast, make_person, make_project
from grants.lifecycle.access import live_access
from grants.lifecycle.models import Grant, Hold
from grants.lifecycle.testing import make_grant
from grants.tracker import tasks
from grants.tracker.selectors import state_of
from grants.tracker.tasks import poll, sweep
from portal.pages.testing import as_person
from portal.sandbox.tests.jira_process import Standin, running_standin
from portal.tests.journeys.webhooks import TOKEN, jira_settings

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
NUMBER = 200


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    state = tmp_path_factory.mktemp("jira") / "state.json"
    with running_standin(state, "--flavour", "cloud", "--token", TOKEN) as running:
        yield running


@pytest.fixture
def standin(process, settings, monkeypatch) -> Standin:
    settings.JIRA = jira_settings(process.url, "cloud")
    monkeypatch.setattr(tasks, "_publish", lambda: None)
    fake = FakeConnector()
    monkeypatch.setattr(targets, "_factories", {"distribution": lambda registry: fake})
    return process


@pytest.fixture
def people(standin) -> Cast:
    """A project with 200 grants, set up at the registry, that follows an issue in Jira and has no grace."""
    found, image = cast(), make_image("fraud/base")
    project = make_project("training", team=found.team, jira_issue=standin.seed(), grace_hours=0)
    for number in range(NUMBER):
        grant = make_grant(
            project=project, members=[make_person(f"t{number}")], images=[image], status="provisioning"
        )
        plan_rows(grant_id=grant.pk, now=timezone.now())
    _deliver()
    sweep()
    return found


def _deliver(after: int = 2) -> None:
    for _ in range(3):
        while work_due(now=timezone.now() + timedelta(seconds=after), limit=100):
            pass


def statuses() -> dict[str, int]:
    found = list(Grant.objects.values_list("status", flat=True))
    return {status: found.count(status) for status in set(found)}


def test_one_bad_transition_holds_two_hundred_grants_until_somebody_releases_them(standin, people):
    project = Grant.objects.select_related("project").first().project
    assert statuses() == {"active": NUMBER}
    standin.press(project.jira_issue)
    poll()

    hold = Hold.objects.get()
    assert statuses() == {"active": NUMBER}
    assert (hold.kind, hold.grants_counted, hold.share, hold.state) == ("jira", NUMBER, 100, "held")
    assert state_of(project).wind_down.state == "braked"
    pulls = [live_access(person_id=pk) for pk in Grant.objects.values_list("members__person", flat=True)[:3]]
    assert [len(rows) for rows in pulls] == [1, 1, 1]
    sweep()
    assert Event.objects.filter(kind__startswith="grants.brake.").count() == 1

    root = as_person(people.root)
    assert f"{NUMBER} of {NUMBER} live grants" in root.get(f"/brakes/{hold.pk}/").text
    answer = {"reason": "The training is really over", "seen": NUMBER}
    assert root.post(f"/brakes/{hold.pk}/release/", answer).status_code == 302
    assert statuses() == {"revoking": NUMBER}
    assert state_of(project).wind_down.state == "ended"

    _deliver(after=3)
    assert statuses() == {"ended": NUMBER}
    released = Event.objects.get(kind="grants.brake.released")
    assert (released.actor, released.detail["ended"]) == (people.root.label, NUMBER)
    assert Event.objects.filter(kind="grants.grant.ended").count() == NUMBER


def test_pressed_back_in_jira_everything_stays_as_it_was(standin, people):
    project = Grant.objects.select_related("project").first().project
    standin.press(project.jira_issue)
    poll()
    standin.press(project.jira_issue, "reopen")
    poll()
    hold = Hold.objects.get()
    assert (hold.state, statuses()) == ("refused", {"active": NUMBER})
    project.refresh_from_db()
    assert project.state == "open"
