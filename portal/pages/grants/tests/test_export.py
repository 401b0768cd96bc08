"""The list of grants as a spreadsheet: the rows of the page, safe to open, and recorded."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.requests.testing import make_scene
from audit.ledger.models import Event
from grants.directory.models import Project
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.testing import make_grant
from portal.pages.grants import export
from portal.pages.testing import as_person
from portal.pages.testing import make_pull as pull

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def rows(person, **filters):
    answer = as_person(person).post("/grants/export/", filters)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    text = b"".join(answer).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_row_holds_who_has_what_until_when_and_how_it_is_used(scene):
    grant = make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    pull(grant)
    row = rows(scene.people.alice)[0]
    assert row | {"Last pull": "", "From": "", "Until": ""} == {
        "Grant": str(grant.pk),
        "Project": "Anti fraud v2",
        "Team": "Anti-fraud",
        "Request": "",
        "Images": "main.registry.test/fraud/base:stable",
        "Role": "Viewer",
        "People": "1",
        "Names": "Bob",
        "From": "",
        "Until": "",
        "Last pull": "",
        "Pulls in 30 days": "1",
        "State": "Active",
    }
    assert row["Until"] == f"{grant.ends:%Y-%m-%dT%H:%M:%SZ}"


def test_rows_are_those_of_the_page_with_its_tab_state_and_words(scene):
    people, now = scene.people, timezone.now()
    mine = make_grant(project=scene.project, members=[people.alice], images=[scene.image])
    team = make_grant(project=scene.project, members=[people.bob], ends=now + timedelta(days=3))
    make_grant(project=make_project("other", team=make_team("vision")))

    def found(person, **filters):
        return [int(row["Grant"]) for row in rows(person, **filters)]

    assert found(people.alice) == [team.pk, mine.pk]
    assert found(people.alice, tab="mine") == [mine.pk]
    assert found(people.alice, state="soon") == [team.pk]
    assert found(people.alice, q="base") == [mine.pk]
    assert found(people.alice, tab="all") == [team.pk, mine.pk]
    assert found(people.charlie) == []


def test_cells_that_a_spreadsheet_would_run_are_made_text(scene):
    Project.objects.filter(pk=scene.project.pk).update(name="=HYPERLINK(1)")
    make_grant(project=scene.project, members=[make_person("x", name="+evil")])
    row = rows(scene.people.alice)[0]
    assert (row["Project"], row["Names"]) == ("'=HYPERLINK(1)", "'+evil")


def test_download_is_recorded_with_its_filters(scene):
    make_grant(project=scene.project, members=[scene.people.bob])
    rows(scene.people.alice, q="fraud", state="bogus")
    event = Event.objects.get(kind="portal.grants.exported")
    assert (event.actor, event.detail) == (
        scene.people.alice.label,
        {"count": 1, "format": "csv", "filters": {"tab": "team", "q": "fraud"}},
    )


def test_headings_are_in_the_language_of_the_page(scene):
    make_grant(project=scene.project, members=[scene.people.bob])
    browser = as_person(scene.people.alice)
    answer = browser.post("/grants/export/", headers={"Accept-Language": "zh-Hans"})
    assert b"".join(answer).decode().splitlines()[0].startswith("\ufeff授权,项目,团队,")


def test_statements_grow_with_blocks_only(scene, monkeypatch):
    browser = as_person(scene.people.alice)

    def statements():
        with CaptureQueriesContext(connection) as caught:
            b"".join(browser.post("/grants/export/"))
        return len(caught)

    make_grant(project=scene.project, members=[scene.people.bob])
    statements()
    before = statements()
    for number in range(3):
        make_grant(project=scene.project, members=[scene.people.bob, make_person(f"mate{number}")])
    assert statements() == before
    monkeypatch.setattr(export, "BLOCK", 2)
    assert len(rows(scene.people.alice)) == 4


def test_reading_the_address_downloads_nothing(scene):
    assert as_person(scene.people.alice).get("/grants/export/").status_code == 405
