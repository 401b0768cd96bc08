"""One image: what is said about it, and what administrators decide."""

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from approvals.requests.testing import make_scene
from audit.ledger.models import Event
from grants.catalogue.models import Image, Scan
from grants.catalogue.testing import make_version
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person, assert_constant
from portal.sandbox.images import sample_trivy_report

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


def test_member_with_access_gets_commands_and_others_the_reason_to_ask(scene):
    make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    address = f"/catalogue/{scene.image.pk}/"
    digest = scene.image.tags.get().version.digest
    holder = as_person(scene.people.bob).get(address)
    assert f"docker pull main.registry.test/fraud/base@{digest}" in holder.text
    assert "Request it for all of them at once" in as_person(scene.people.alice).get(address).text
    assert "How to pull" not in as_person(scene.people.alice).get(address).text


def test_use_is_counted_by_team_without_names(scene):
    make_grant(project=scene.project, members=[scene.people.bob, scene.people.charlie], images=[scene.image])
    text = as_person(scene.people.mia).get(f"/catalogue/{scene.image.pk}/").text
    assert "Anti-fraud (2 people)" in text
    assert "Charlie" not in text


def test_image_is_hidden_from_people_outside_every_team(scene):
    assert as_person(scene.people.charlie).get(f"/catalogue/{scene.image.pk}/").status_code == 404


@pytest.mark.parametrize("person", ["alice", "mia", "ada"])
def test_only_administrators_mark_and_scan(scene, person):
    browser = as_person(getattr(scene.people, person))
    assert browser.post(f"/catalogue/{scene.image.pk}/mark/block/", {"reason": "x"}).status_code == 403
    assert browser.get(f"/catalogue/{scene.image.pk}/scans/").status_code == 403


def test_blocking_needs_a_reason_and_is_recorded(scene):
    browser, address = as_person(scene.people.root), f"/catalogue/{scene.image.pk}/mark/block/"
    empty = browser.post(address, {"reason": ""})
    assert (empty.status_code, "Enter a reason" in empty.text) == (422, True)
    done = browser.post(address, {"reason": "A leaked key"}, follow=True)
    assert "A leaked key" in done.text
    assert Image.objects.get(pk=scene.image.pk).blocked
    assert Event.objects.filter(kind="grants.image.blocked").count() == 1
    again = browser.post(address, {"reason": "Again"})
    assert (again.status_code, "already marked so" in again.text) == (422, True)


def test_unknown_mark_is_not_found(scene):
    assert as_person(scene.people.root).get(f"/catalogue/{scene.image.pk}/mark/praise/").status_code == 404


def test_scan_report_is_kept_and_a_strange_file_is_refused_in_words(scene):
    browser, address = as_person(scene.people.root), f"/catalogue/{scene.image.pk}/scans/"
    digest = scene.image.tags.get().version.digest
    report = sample_trivy_report("main.registry.test/fraud/base:stable", digest, [], timezone.now())
    upload = SimpleUploadedFile("trivy.json", json.dumps(report).encode())
    answer = browser.post(address, {"report": upload})
    assert (answer.status_code, Scan.objects.count()) == (302, 3)
    bad = browser.post(address, {"report": SimpleUploadedFile("x.json", b"[1")})
    assert (bad.status_code, "could not read this as a Trivy JSON report" in bad.text) == (422, True)


def test_statements_do_not_grow_with_tags_and_findings(scene):
    def more():
        for number in range(3):
            version = make_version(scene.image, f"more{number}")
            now = timezone.now()
            Scan.objects.create(version=version, scanned_at=now, uploaded_at=now, uploaded_by="x")

    assert_constant(as_person(scene.people.bob), f"/catalogue/{scene.image.pk}/", more)
