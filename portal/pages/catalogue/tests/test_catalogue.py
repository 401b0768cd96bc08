"""The catalogue's list: what is shown, narrowed, ticked, and kept."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests.testing import approve_all, make_request, make_scanned_image, make_scene
from grants.catalogue.models import Registry, Scan
from grants.catalogue.testing import make_image, make_version
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def names(answer):
    return [row.image.repository for row in answer.context["rows"]]


def critical_image():
    image = make_image("vision/old")
    version, now = make_version(image, "11.2"), timezone.now()
    Scan.objects.create(version=version, scanned_at=now, uploaded_at=now, uploaded_by="x", critical=2)
    return image


def test_list_shows_newest_tag_scan_approvers_and_own_access(scene):
    make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    answer = as_person(scene.people.bob).get("/catalogue/")
    first, second = answer.context["rows"]
    assert (first.image.repository, first.newest.tag.name, first.newest.scan.verdict) == (
        "fraud/base",
        "stable",
        "passed",
    )
    assert (first.lanes, second.lanes) == ("MLOps", "MLOps, Security")
    assert first.mine.until is not None
    assert second.mine.until is None


def test_pending_request_is_shown_as_requested(scene):
    request = make_request(scene)
    row = as_person(scene.people.bob).get("/catalogue/").context["rows"][0]
    assert (row.mine.request_id, row.mine.grant_id) == (request.pk, None)


def test_usual_time_is_the_median_of_approved_requests_of_that_image(scene):
    sent = timezone.now() - timedelta(hours=5)
    for hours in (1, 3, 4):
        request = make_request(scene, now=sent)
        approve_all(scene, request, now=sent + timedelta(hours=hours))
    rows = as_person(scene.people.bob).get("/catalogue/").context["rows"]
    assert [row.usual for row in rows] == ["3\xa0hours", ""]


def test_filters_narrow_by_words_mark_scan_and_holder(scene):
    critical_image()
    make_grant(project=scene.project, members=[scene.people.alice], images=[scene.restricted])
    browser = as_person(scene.people.bob)
    queries = ["q=VISION", "access=restricted", "access=open", "scan=critical", "scan=clean", "scan=none"]
    found = {
        query: names(browser.get(f"/catalogue/?{query}")) for query in [*queries, "have=team", "have=me"]
    }
    assert found == {
        "q=VISION": ["vision/old"],
        "access=restricted": ["fraud/secret"],
        "access=open": ["fraud/base", "vision/old"],
        "scan=critical": ["vision/old"],
        "scan=clean": ["fraud/base", "fraud/secret"],
        "scan=none": [],
        "have=team": ["fraud/secret"],
        "have=me": [],
    }


def test_an_older_critical_scan_no_longer_counts(scene):
    image = critical_image()
    version, now = image.versions.get(), timezone.now() + timedelta(seconds=1)
    Scan.objects.create(version=version, scanned_at=now, uploaded_at=now, uploaded_by="x")
    browser = as_person(scene.people.bob)
    assert "vision/old" in names(browser.get("/catalogue/?scan=clean"))
    assert names(browser.get("/catalogue/?scan=critical")) == []


def test_chips_take_one_filter_off_each(scene):
    answer = as_person(scene.people.bob).get("/catalogue/?q=fraud&access=open")
    assert answer.context["chips"] == [
        ("Search: fraud", "?access=open"),
        ("Access level: Standard", "?q=fraud"),
    ]


@pytest.mark.parametrize(
    ("person", "query", "words"),
    [
        ("bob", "?q=zzz", "No images match these filters"),
        ("charlie", "", "You cannot see images yet"),
    ],
)
def test_empty_list_says_why(scene, person, query, words):
    assert words in as_person(getattr(scene.people, person)).get(f"/catalogue/{query}").text


def test_registry_that_cannot_be_read_is_said_with_the_time_of_the_last_reading(scene):
    Registry.objects.update(sync_error="down", synced_at=timezone.now())
    assert "Main registry is not reachable. You can still send a request." in as_person(scene.people.bob).get(
        "/catalogue/"
    ).text.replace("\n", " ")


def test_ticks_are_kept_over_pages_and_lead_to_a_request(scene):
    other = make_scanned_image("vision/train")
    browser = as_person(scene.people.alice)
    browser.post("/catalogue/select/", {"shown": [scene.image.pk], "sel": [scene.image.pk]})
    answer = browser.post("/catalogue/select/", {"shown": [other.pk], "sel": [other.pk], "request": "1"})
    assert (answer.status_code, answer["Location"]) == (302, "/requests/new/")
    assert browser.session["selected_images"] == [scene.image.pk, other.pk]
    browser.post("/catalogue/select/", {"shown": [other.pk]})
    assert browser.session["selected_images"] == [scene.image.pk]
    page = browser.get("/catalogue/")
    assert [row.ticked for row in page.context["rows"]] == [True, False, False]
    assert "selected_images" not in browser.post("/catalogue/select/", {"clear": "1"}).wsgi_request.session


def test_script_ticks_without_a_page_and_strange_targets_are_not_followed(scene):
    browser = as_person(scene.people.alice)
    quiet = browser.post("/catalogue/select/", {"sel": ["x"]}, headers={"HX-Request": "true"})
    assert quiet.status_code == 204
    away = browser.post("/catalogue/select/", {"next": "https://evil.example/"})
    assert away["Location"] == "/catalogue/"


def test_statements_do_not_grow_with_rows(scene):
    assert_constant(
        as_person(scene.people.bob),
        "/catalogue/",
        lambda: [make_scanned_image(f"vision/more{number}") for number in range(3)],
    )


def test_pages_of_fifty_follow_by_key(scene):
    for number in range(60):
        make_image(f"zoo/image{number:02}")
    browser = as_person(scene.people.bob)
    first = browser.get("/catalogue/")
    second = browser.get(f"/catalogue/{first.context['page'].next_url}")
    assert (len(first.context["rows"]), len(second.context["rows"])) == (50, 12)
    assert (second.context["page"].shown, second.context["page"].total) == (62, 62)
    assert set(names(first)) & set(names(second)) == set()
    assert second.context["page"].next_url == ""
