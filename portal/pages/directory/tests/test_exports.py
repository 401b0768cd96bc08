"""The download of what is in place for a project: for its leads, auditors and administrators, by page and by API."""

import pytest
from django.utils import timezone

from approvals.requests.testing import make_scene
from audit.ledger.models import Event
from grants.catalogue.models import Registry
from grants.delivery import targets
from grants.delivery.models import Delivery
from grants.delivery.services import plan_rows
from grants.delivery.tests.keeping import KeepingLayout
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person

pytestmark = pytest.mark.django_db
PAGE = "/projects/anti-fraud-v2/"
API = "/api/v1/targets/main/export/"


@pytest.fixture
def scene(monkeypatch):
    scene = make_scene()
    monkeypatch.setattr(targets, "_layouts", {"distribution": lambda registry: KeepingLayout()})
    grant = make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    plan_rows(grant_id=grant.pk, now=timezone.now())
    Delivery.objects.update(status="verified", next_attempt_at=None)
    return scene


def exported():
    return Event.objects.filter(kind="grants.target.exported")


def test_leads_find_a_button_for_each_system_and_form(scene):
    text = as_person(scene.people.alice).get(PAGE).content.decode()
    assert [text.count(f'id="export-main-{form}"') for form in ("terraform", "yaml")] == [1, 1]
    assert "export-main" not in as_person(scene.people.bob).get(PAGE).content.decode()


def test_no_button_where_nothing_is_in_place(scene):
    Delivery.objects.update(status="applied", next_attempt_at=timezone.now())
    assert "export-main" not in as_person(scene.people.alice).get(PAGE).content.decode()


def test_lead_downloads_the_file_and_it_is_recorded_once(scene):
    answer = as_person(scene.people.alice).post(f"{PAGE}export/", {"target": "main", "format": "yaml"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert answer["Content-Disposition"].startswith('attachment; filename="purser-main-anti-fraud-v2-')
    assert "key: fraud/base\n" in answer.content.decode()
    event = exported().get()
    assert (event.actor, event.project) == (scene.people.alice.label, "anti-fraud-v2")


@pytest.mark.parametrize(
    "sent", [{"target": "nowhere", "format": "yaml"}, {"target": "main", "format": "x"}, {}]
)
def test_what_does_not_exist_is_not_found(scene, sent):
    assert as_person(scene.people.alice).post(f"{PAGE}export/", sent).status_code == 404
    assert exported().count() == 0


def test_members_are_refused_and_reading_the_address_downloads_nothing(scene):
    assert (
        as_person(scene.people.bob).post(f"{PAGE}export/", {"target": "main", "format": "yaml"}).status_code
        == 403
    )
    assert as_person(scene.people.alice).get(f"{PAGE}export/").status_code == 405
    assert exported().count() == 0


def test_settings_that_are_incomplete_are_said_on_the_page(scene):
    Registry.objects.update(kind="google")
    targets._layouts["google"] = lambda registry: KeepingLayout()
    answer = as_person(scene.people.alice).post(
        f"{PAGE}export/", {"target": "main", "format": "terraform"}, follow=True
    )
    assert "The settings of main lack" in answer.content.decode()


@pytest.mark.parametrize(("form", "kind"), [("terraform", "text/plain"), ("yaml", "application/yaml")])
def test_the_api_gives_the_same_in_its_own_media_type(scene, form, kind):
    answer = as_person(scene.people.alice).get(f"{API}?format={form}", headers={"accept": kind})
    assert (answer.status_code, answer["Content-Type"]) == (200, f"{kind}; charset=utf-8")
    assert "# Only of these projects: anti-fraud-v2." in answer.content.decode()
    assert exported().get().detail["format"] == form


def test_the_api_gives_administrators_all_or_one_project(scene):
    root = as_person(scene.people.root)
    assert "Only of these projects" not in root.get(API).content.decode()
    assert (
        "Only of these projects: anti-fraud-v2." in root.get(f"{API}?project=anti-fraud-v2").content.decode()
    )


@pytest.mark.parametrize(
    ("who", "asked", "code"),
    [
        ("bob", "", (403, "not_a_lead")),
        ("alice", "?project=nowhere", (404, "not_found")),
        ("alice", "?format=csv", (400, "bad_fields")),
        ("alice", "?colour=red", (400, "bad_fields")),
    ],
)
def test_the_api_refuses_in_its_own_words(scene, who, asked, code):
    answer = as_person(getattr(scene.people, who)).get(f"{API}{asked}")
    assert (answer.status_code, answer.json()["code"]) == code
    assert exported().count() == 0


def test_unknown_target_is_not_found(scene):
    assert as_person(scene.people.root).get("/api/v1/targets/nowhere/export/").status_code == 404
