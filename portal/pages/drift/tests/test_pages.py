"""Pages of drift: who sees what, what is shown, what is decided."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grants.catalogue.models import Registry
from grants.delivery import targets
from grants.delivery.models import Delivery, Drift, Episode, TargetScan
from grants.delivery.tests.keeping import KeepingConnector, KeepingLayout
from grants.directory.testing import cast, make_project, make_team
from grants.lifecycle.testing import make_grant
from portal.notify.models import Notification
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return cast()


@pytest.fixture(autouse=True)
def registry(db, monkeypatch):
    monkeypatch.setattr(targets, "_factories", {"keeping": lambda registry: KeepingConnector()})
    monkeypatch.setattr(targets, "_layouts", {"keeping": lambda registry: KeepingLayout()})
    return Registry.objects.create(
        key="keeper",
        name="Keeper",
        kind="keeping",
        host="keeper.test",
        api_url="http://keeper.test",
        service="k",
    )


@pytest.fixture
def drifted(people):
    """A place that vanished, with its line, a minute ago."""

    def make(key="team/a", what="changed", project=None, **fields):
        now = timezone.now() - timedelta(minutes=1)
        said = {
            "wanted": [["project", "anti-fraud-v2"], ["image", "team/a"]],
            "seen": [["project", "anti-fraud-v2"]],
            "first_seen_at": now,
            "last_seen_at": now,
        }
        row = Drift.objects.create(target="keeper", kind="image", key=key, what=what, **said | fields)
        row.projects.add(project or people.project)
        Episode.objects.create(drift=row, began_at=now)
        grant = make_grant(project=project or people.project, members=[people.bob])
        Delivery.objects.create(
            grant=grant, target="keeper", kind="image", key=key, status="verified", since=now, verified_at=now
        )
        return row

    return make


def shown(person, query=""):
    return [row.drift.key for row in as_person(person).get(f"/drift/{query}").context["rows"]]


def decide(person, row, **given):
    client = as_person(person)
    seen = client.get(f"/drift/{row.pk}/").context["form"]["seen"].initial
    return client.post(f"/drift/{row.pk}/decide/", {"reason": "Because", "seen": seen} | given)


def test_leads_see_their_projects_places_alone(people, drifted):
    other = make_project("credit-v1", team=make_team("credit"))
    ours, theirs, shared = drifted("ours"), drifted("theirs", project=other), drifted("shared")
    shared.projects.add(other)
    assert set(shown(people.ada)) == {"ours", "theirs", "shared"}
    assert shown(people.alice) == [ours.key]
    assert as_person(people.alice).get(f"/drift/{theirs.pk}/").status_code == 404
    assert as_person(people.bob).get("/drift/").status_code == 403


def test_filters_stand_in_the_address(people, drifted):
    (
        drifted("one"),
        drifted("two", what="vanished"),
        drifted("three", state="closed", closed_at=timezone.now()),
    )
    assert set(shown(people.root)) == {"one", "two"}
    assert shown(people.root, "?kind=vanished") == ["two"]
    assert shown(people.root, "?state=closed") == ["three"]
    assert shown(people.root, "?target=nowhere&kind=changed") == ["one"]


def test_a_system_never_looked_at_is_said(people, drifted):
    page = as_person(people.root)
    assert "Never" in page.get("/drift/").content.decode()
    assert "Keeper was never looked at." in page.get("/health/").content.decode()
    now = timezone.now()
    TargetScan.objects.create(target="keeper", next_at=now, finished_at=now)
    assert "Keeper was never looked at." not in page.get("/health/").content.decode()


def test_granted_stands_beside_found(people, drifted):
    answer = as_person(people.alice).get(f"/drift/{drifted().pk}/")
    facts = [(fact.name, fact.wanted, fact.seen) for fact in answer.context["facts"]]
    assert facts == [("image", "team/a", ""), ("project", "anti-fraud-v2", "anti-fraud-v2")]
    assert answer.context["form"] is None


def test_put_right_makes_the_line_due_and_tells_the_owners(people, drifted):
    row = drifted(what="vanished", seen=None)
    answer = decide(people.root, row, decision="revert")
    assert answer["Location"] == f"/drift/{row.pk}/"
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.reason) == ("repairing", "Root", "Because")
    assert Delivery.objects.get(key=row.key).status == "wanted"
    told = Notification.objects.filter(kind="drift_decided").values_list("recipient__user_name", flat=True)
    assert sorted(told) == ["alice", "root"]


def test_less_than_granted_can_be_accepted_and_ignored(people, drifted):
    assert decide(people.root, drifted("one"), decision="adopt").status_code == 302
    until = (timezone.now() + timedelta(days=3)).date().isoformat()
    assert decide(people.root, drifted("two"), decision="ignore", until=until).status_code == 302
    assert list(Drift.objects.order_by("key").values_list("state", flat=True)) == ["adopted", "ignored"]


@pytest.mark.parametrize(
    "given",
    [{"decision": "adopt", "reason": ""}, {"decision": "ignore"}, {"decision": "adopt", "seen": "else"}, {}],
)
def test_what_is_missing_or_moved_is_said_on_the_form(people, drifted, given):
    row = drifted()
    answer = decide(people.root, row, **given)
    row.refresh_from_db()
    assert (answer.status_code, row.state) == (422, "open")
    assert "There is a problem" in answer.content.decode()


def test_access_that_no_grant_gives_can_only_be_put_right(people, drifted):
    more = drifted("more", seen=[["image", "team/secret"]])
    left = drifted("left", what="leftover", wanted=None)
    for row in (more, left):
        form = as_person(people.root).get(f"/drift/{row.pk}/").context["form"]
        assert [value for value, _ in form.fields["decision"].choices] == ["revert"]


def test_held_removals_go_on_with_a_reason(people, drifted):
    row = drifted(what="leftover", wanted=None, held_at=timezone.now())
    page = as_person(people.root)
    assert "1 removal is held back" in page.get("/drift/").content.decode()
    page.post("/drift/release/", {"target": "keeper", "reason": ""})
    row.refresh_from_db()
    assert row.released_at is None
    page.post("/drift/release/", {"target": "keeper", "reason": "Checked"})
    row.refresh_from_db()
    assert (row.held_at, row.released_at is not None) == (None, True)


def test_list_asks_as_often_for_many_rows(people, drifted):
    drifted()
    assert_constant(as_person(people.root), "/drift/", lambda: [drifted(f"more/{n}") for n in range(3)])


def test_fight_names_cause_and_remedy(people, drifted):
    row = drifted(fought_at=timezone.now(), cause="field_manager", cause_name="argocd")
    text = as_person(people.alice).get(f"/drift/{row.pk}/").content.decode()
    assert "Another field manager, argocd, writes the same fields." in text
