"""Two tags of an image side by side."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from approvals.requests.testing import make_scene
from grants.catalogue.models import Scan, Tag
from grants.catalogue.testing import make_image, make_version
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db
MB = 1024 * 1024


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def image(scene):
    image = make_image("speech/base")
    built = datetime(2026, 11, 2, 8, tzinfo=UTC)
    old = make_version(image, "1.0", size=10 * MB, labels={"cuda": "12.1", "gone": "yes"}, built_at=built)
    new = make_version(image, "1.1", size=12 * MB, labels={"cuda": "12.4", "kept": "a"}, built_at=built)
    Tag.objects.filter(version=old).update(moved_at=timezone.now() - timedelta(days=1))
    scanned(old, critical=1, high=2, findings=[finding("CVE-1"), finding("CVE-2")])
    scanned(new, high=5, findings=[finding("CVE-2"), finding("CVE-3")])
    return image


def finding(name, package="openssl"):
    return {"id": name, "severity": "HIGH", "package": package, "installed": "1", "fixed": ""}


def scanned(version, **fields):
    now = timezone.now()
    return Scan.objects.create(version=version, scanned_at=now, uploaded_at=now, uploaded_by="x", **fields)


def compared(scene, image, query=""):
    return as_person(scene.people.bob).get(f"/catalogue/{image.pk}/compare/{query}")


def facts(answer):
    return {
        row.label: (row.one, row.other, row.words)
        for _title, rows in answer.context["tables"]
        for row in rows
    }


def test_two_tags_are_told_apart_in_words(scene, image):
    told = facts(compared(scene, image, "?one=1.0&other=1.1"))
    assert told["Size"] == ("10.0\xa0MB", "12.0\xa0MB", "2.0\xa0MB larger in 1.1")
    assert told["Digest"][2] == "Different"
    assert told["Platforms"] == ("linux/amd64", "linux/amd64", "Same")
    assert told["Built"] == ("2 November 2026, 08:00", "2 November 2026, 08:00", "Same")
    assert told["cuda"] == ("12.1", "12.4", "Different")
    assert told["gone"] == ("yes", "–", "Only in 1.0")
    assert told["kept"] == ("–", "a", "Only in 1.1")
    assert told["Critical"] == ("1", "0", "1 fewer in 1.1")
    assert told["High"] == ("2", "5", "3 more in 1.1")
    assert told["Low"] == ("0", "0", "Same")


def test_findings_that_only_one_has_are_listed(scene, image):
    found = compared(scene, image, "?one=1.0&other=1.1").context["findings"]
    assert [(one.tag, [row["id"] for row in one.rows]) for one in found] == [
        ("1.0", ["CVE-1"]),
        ("1.1", ["CVE-3"]),
    ]


def test_without_a_choice_the_two_that_moved_last_are_compared(scene, image):
    answer = compared(scene, image)
    assert (answer.context["one"].tag.name, answer.context["other"].tag.name) == ("1.0", "1.1")


def test_a_tag_without_a_scan_is_not_called_clean(scene, image):
    make_version(image, "2.0")
    answer = compared(scene, image, "?one=1.0&other=2.0")
    assert facts(answer)["Critical"] == ("1", "–", "Cannot be compared")
    assert facts(answer)["Scanned"][1] == "Not scanned"
    assert answer.context["findings"] == []


def test_two_names_of_one_digest_are_said_to_be_the_same(scene, image):
    version = image.versions.get(tags__name="1.1")
    Tag.objects.create(image=image, name="latest", version=version, moved_at=timezone.now())
    answer = compared(scene, image, "?one=latest&other=1.1")
    assert "Both point to the same digest" in answer.text
    assert answer.context["different"] == 0


@pytest.mark.parametrize("query", ["?one=1.0&other=gone", "?one=1.0", "?other=1.1&one="])
def test_a_tag_that_is_gone_is_asked_for_again(scene, image, query):
    answer = compared(scene, image, query)
    assert (answer.status_code, "tables" in answer.context) == (422, False)
    assert "There is a problem" in answer.text


def test_an_image_with_one_tag_offers_nothing_to_compare(scene):
    assert "There is nothing to compare" in compared(scene, scene.image).text
    assert "/compare/" not in as_person(scene.people.bob).get(f"/catalogue/{scene.image.pk}/").text


def test_image_page_offers_the_form(scene, image):
    assert (
        f'action="/catalogue/{image.pk}/compare/"'
        in as_person(scene.people.bob).get(f"/catalogue/{image.pk}/").text
    )


def test_people_outside_every_team_do_not_find_it(scene, image):
    assert as_person(scene.people.charlie).get(f"/catalogue/{image.pk}/compare/").status_code == 404


def test_statements_do_not_grow_with_tags(scene, image):
    def more():
        for number in range(3):
            scanned(make_version(image, f"3.{number}"))

    assert_constant(as_person(scene.people.bob), f"/catalogue/{image.pk}/compare/?one=1.0&other=1.1", more)
