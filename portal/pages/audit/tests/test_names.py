"""What the logs call by number, pages call by name, as far as the viewer may see it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.requests.testing import approve_all, make_request, make_scene
from audit.ledger.models import Event
from audit.ledger.services import audited, record
from grants.directory.actors import actor_for
from grants.directory.standing import standing_of
from grants.directory.testing import make_person
from grants.lifecycle.testing import make_grant
from grants.tokens.services import create_robot
from portal.pages.audit.names import Named, names_for
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def grant(scene):
    return make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])


def test_everything_a_log_names_is_found_in_one_statement(scene, grant):
    labels = [
        scene.people.bob.label,
        grant.label,
        f"image:{scene.image.pk}",
        "project:anti-fraud-v2",
        "team:anti-fraud",
    ]
    viewer = standing_of(scene.people.ada)
    with CaptureQueriesContext(connection) as caught:
        names = names_for(viewer, [*labels, "request:4", "pulls:1-2", "person:none", ""])
    assert len(caught) == 1
    assert [names.of(label).text for label in labels] == [
        "Bob",
        f"Access for {scene.project.name}",
        scene.image.title,
        scene.project.name,
        scene.project.team.name,
    ]
    assert names.of("request:4") == Named("request:4", "REQ-4", "/requests/4/")
    assert names.of("pulls:1-2") == Named("pulls:1-2", "pulls:1-2")


def test_a_robot_has_its_name(scene):
    robot, _secret = create_robot(
        project=scene.project, name="nightly", days=1, by=actor_for(scene.people.alice), now=timezone.now()
    )
    label = f"robot:{robot.pk}"
    assert names_for(standing_of(scene.people.ada), [label]).of(label).text == "Robot nightly"


def test_what_a_viewer_may_not_see_keeps_its_number(scene, grant):
    stranger = standing_of(scene.people.charlie)
    names = names_for(stranger, [scene.people.bob.label, grant.label, "project:anti-fraud-v2"])
    assert names.of(scene.people.bob.label).text == scene.people.bob.label
    assert names.of(grant.label).text == f"Grant {grant.pk}"
    assert names.of("project:anti-fraud-v2").text == "project:anti-fraud-v2"


@pytest.mark.parametrize(
    "label", ["person:99999999999999999999", "project:../x", "person:", "grant:²", "team:"]
)
def test_a_label_that_leads_nowhere_is_text(scene, label):
    assert (names_for(standing_of(scene.people.ada), [label]).of(label).url) == ""


def test_an_event_shows_names_and_keeps_the_labels(scene, grant):
    with audited(by=actor_for(scene.people.root)):
        record(
            "grants.member.removed",
            subject=grant.label,
            person=scene.people.bob.label,
            detail={"people": [scene.people.bob.label]},
        )
        record("portal.token.created", subject="token:21", detail={"name": "pipeline"})
    browser = as_person(scene.people.ada)
    token, removed = browser.get("/audit/").context["lines"]
    assert (removed.subject.text, removed.person.text) == (f"Access for {scene.project.name}", "Bob")
    assert (token.subject.text, token.subject.label) == ("API token “pipeline”", "token:21")
    page = browser.get(f"/audit/{removed.event.sequence}/")
    assert (page.context["facts"], page.context["actor"].text) == ([("People", "Bob")], "Root")
    assert f'<span class="mono muted">{grant.label}</span>' in page.text
    chips = browser.get(f"/audit/?subject={grant.label}").context["chips"]
    assert chips == [(f"About: Access for {scene.project.name}", "/audit/")]


def test_downloads_keep_what_the_log_says(scene):
    approve_all(scene, make_request(scene))
    answer = as_person(scene.people.ada).post("/audit/export/", {"format": "csv", "kind": "grants.grant"})
    text = b"".join(answer.streaming_content).decode()
    (label,) = set(Event.objects.filter(kind__startswith="grants.grant").values_list("subject", flat=True))
    assert text.count(f",{label},") == Event.objects.filter(subject=label).count() > 0
    assert "Access for" not in text


def test_statements_do_not_grow_with_what_is_named(scene, grant):
    def note(*people):
        for person in people:
            with audited(by=actor_for(scene.people.root)):
                record("grants.person.changed", subject=person.label, person=person.label)

    with audited(by=actor_for(scene.people.root)):
        record("grants.grant.revoked", subject=grant.label)
    note(scene.people.bob)
    more = [make_person(f"more{number}") for number in range(3)]
    assert_constant(as_person(scene.people.ada), "/audit/", lambda: note(*more))
