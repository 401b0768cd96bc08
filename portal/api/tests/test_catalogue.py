"""Images by script: what can be asked for comes first; scans and marks."""

import json

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals.requests.testing import make_scanned_image
from grants.catalogue.models import Scan
from grants.catalogue.testing import make_image
from portal.api.tests.conftest import problem


def report(image, **more):
    digest = image.versions.get().digest
    return {
        "SchemaVersion": 2,
        "CreatedAt": timezone.now().isoformat(),
        "ArtifactName": image.reference,
        "Metadata": {"OS": {"Family": "debian"}, "RepoDigests": [f"{image.reference}@{digest}"]},
        "Results": [{"Vulnerabilities": [{"VulnerabilityID": "CVE-1", "Severity": "HIGH"}]}],
    } | more


def test_images_that_can_be_asked_for_come_first(as_, scene):
    flawed = make_scanned_image("a/flawed")
    Scan.objects.filter(version__image=flawed).update(critical=1)
    make_scanned_image("a/blocked", blocked=True)
    make_image("a/untagged")
    rows = as_("alice").get("images/").json()["results"]
    assert [row["reference"].partition("/")[2] for row in rows] == [
        "fraud/base",
        "fraud/secret",
        "a/flawed",
        "a/untagged",
        "a/blocked",
    ]
    first = rows[0]
    assert (first["id"], first["reference"], first["tags"]) == (
        scene.image.pk,
        "main.registry.test/fraud/base",
        ["stable"],
    )
    assert first["versions"][0]["scan"]["verdict"] == "passed"


def test_images_are_searched_and_hidden_from_strangers(as_, scene):
    assert [row["id"] for row in as_("bob").get("images/", q="secret").json()["results"]] == [
        scene.restricted.pk
    ]
    assert as_("charlie").get("images/").json() == {"results": [], "next": None}
    assert problem(as_("charlie").get(f"images/{scene.image.pk}/")) == (404, "not_found")


def test_a_trivy_report_is_kept_as_it_comes(as_, scene):
    answer = as_("root").post(f"images/{scene.image.pk}/scans/", report(scene.image))
    assert (answer.status_code, answer.json()["verdict"], answer.json()["high"]) == (201, "high", 1)
    assert answer.json()["digest"] == scene.image.versions.get().digest


def test_reports_that_are_none_are_refused(as_, scene):
    root, path = as_("root"), f"images/{scene.image.pk}/scans/"
    assert problem(root.post(path, {"hello": 1})) == (422, "unreadable_report")
    assert problem(root.post(path, b"{", content_type="application/json")) == (422, "unreadable_report")
    unknown = report(scene.image, Metadata={"RepoDigests": ["x@sha256:" + "1" * 64]})
    assert problem(root.post(path, unknown)) == (422, "unknown_version")
    assert problem(as_("alice").post(path, report(scene.image))) == (403, "not_an_administrator")


def test_a_report_above_the_limit_is_refused(as_, scene):
    body = json.dumps(report(scene.image, Filler="x" * (12 * 2**20)))
    answer = as_("root").post(f"images/{scene.image.pk}/scans/", body)
    assert problem(answer) == (413, "too_large")


def test_administrators_block_and_unblock(as_, scene):
    root, path = as_("root"), f"images/{scene.image.pk}"
    assert problem(root.post(f"{path}/block/", {})) == (422, "reason_missing")
    assert root.post(f"{path}/block/", {"reason": "CVE-1"}).json()["blocked"] is True
    assert problem(root.post(f"{path}/block/", {"reason": "again"})) == (422, "nothing_changed")
    assert root.post(f"{path}/unblock/", {}).json()["blocked"] is False
    assert root.post(f"{path}/restrict/", {"reason": "Personal data"}).json()["restricted"] is True
    assert root.post(f"{path}/allow/", {}).json()["restricted"] is False


def test_lists_cost_the_same_for_one_row_and_for_many(as_, scene):
    bob = as_("bob")
    bob.get("images/")
    with CaptureQueriesContext(connection) as few:
        bob.get("images/")
    for number in range(4):
        make_scanned_image(f"many/{number}")
    with CaptureQueriesContext(connection) as many:
        assert len(bob.get("images/").json()["results"]) == 6
    assert len(many) == len(few)
