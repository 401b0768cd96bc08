"""The catalogue: references, scan reports, marks, and what policy is told."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ledger.actors import system
from audit.ledger.models import Event
from grants.catalogue.errors import BadReport, CatalogueError
from grants.catalogue.models import Image, Scan
from grants.catalogue.reference import Reference, parse_reference
from grants.catalogue.reports import Unreadable, read_report
from grants.catalogue.selectors import (
    image_facts,
    images_visible_to,
    resolve_references,
    search_images,
    with_newest,
)
from grants.catalogue.services import allow_image, block_image, restrict_image, unblock_image, upload_scan
from grants.catalogue.signals import image_blocked
from grants.catalogue.testing import make_image, make_registry, make_version
from grants.directory.standing import standing_of
from grants.directory.testing import cast

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
BY = system("test")
DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("registry.test/ai/torch:stable", Reference("registry.test", "ai/torch", "stable")),
        ("  docker://127.0.0.1:5001/ai/torch ", Reference("127.0.0.1:5001", "ai/torch")),
        (f"registry.test/ai/torch@{DIGEST}", Reference("registry.test", "ai/torch", "", DIGEST)),
        (f"r.test/a/b:v1@{DIGEST}", Reference("r.test", "a/b", "v1", DIGEST)),
        ("[::1]:5000/x", Reference("[::1]:5000", "x")),
        ("REGISTRY.test/x:Tag_1.0-rc", Reference("registry.test", "x", "Tag_1.0-rc")),
    ],
)
def test_a_reference_is_taken_apart(text: str, reference: Reference) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize(
    "text",
    ["", "torch", "host/", "/x", "host/UPPER", "host/a//b", "host/a:", "host/a:-x", "host/a@sha256:xyz", "host/a@",
     "host/a b", "host/../etc", "host/a:" + "t" * 129, "host/" + "a" * 256, "ho st/a", "host:999999/a"],
)  # fmt: skip
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    found = parse_reference(text)
    assert found is None or parse_reference(str(found)) == found


def report(**changes: Any) -> bytes:
    body: dict[str, Any] = {
        "SchemaVersion": 2,
        "CreatedAt": "2026-11-19T10:00:00Z",
        "ArtifactName": "main.registry.test/fraud/base:stable",
        "Metadata": {"OS": {"Family": "debian"}, "RepoDigests": [f"main.registry.test/fraud/base@{DIGEST}"]},
        "Results": [
            {"Target": "debian", "Vulnerabilities": [finding("CVE-1", "CRITICAL"), finding("CVE-2", "HIGH")]}
        ],
    }
    return json.dumps(body | changes).encode()


def finding(identifier: str, severity: str, package: str = "libssl3") -> dict[str, str]:
    return {"VulnerabilityID": identifier, "Severity": severity, "PkgName": package, "InstalledVersion": "1"}


def test_a_report_is_counted_worst_first() -> None:
    found = read_report(
        report(
            Results=[
                {
                    "Vulnerabilities": [
                        finding("CVE-9", "LOW"),
                        finding("CVE-1", "CRITICAL"),
                        finding("CVE-1", "CRITICAL"),
                        finding("CVE-3", "ODD"),
                    ]
                }
            ]
        )
    )
    assert found.counts == {"critical": 2, "high": 0, "medium": 0, "low": 1, "unknown": 1}
    assert [entry["id"] for entry in found.findings] == ["CVE-1", "CVE-9", "CVE-3"]


@pytest.mark.parametrize(
    ("changes", "supported"),
    [
        ({"Results": None}, True),
        ({"Results": None, "Metadata": {}}, False),
        ({"Results": [{"Target": "x"}], "Metadata": {}}, True),
    ],
)
def test_a_report_without_findings_is_clean_or_unsupported(changes: dict[str, Any], supported: bool) -> None:
    found = read_report(report(**changes))
    assert (found.supported, sum(found.counts.values())) == (supported, 0)


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "the document"),
        (b"{}", "SchemaVersion"),
        (report(SchemaVersion=1), "SchemaVersion"),
        (report(CreatedAt="yesterday"), "CreatedAt"),
        (report(CreatedAt="2026-11-19T10:00:00"), "CreatedAt"),
        (report(CreatedAt="0001-01-01T00:00:00+14:00"), "CreatedAt"),
        (report(CreatedAt="9999-12-31T23:59:59-12:00"), "CreatedAt"),
        (report(Results=[{"Vulnerabilities": [{}]}]), "Results.0.Vulnerabilities.0.VulnerabilityID"),
        (b"x" * (10 * 2**20 + 1), "larger than 10 MB"),
    ],
)
def test_what_is_no_report_is_refused_with_its_place(raw: bytes, where: str) -> None:
    with pytest.raises(Unreadable, match=where):
        read_report(raw)


@pytest.fixture
def image(db: None) -> Image:
    image = make_image("fraud/base")
    make_version(image, digest=DIGEST)
    return image


def test_an_uploaded_report_stands_with_its_version_and_in_the_ledger(image: Image) -> None:
    scan = upload_scan(image=image, report=report(), by=BY, now=NOW)
    assert (scan.version.digest, scan.verdict, scan.critical, scan.high) == (DIGEST, "critical", 1, 1)
    event = Event.objects.get(kind="grants.scan.uploaded")
    assert event.detail == {"digest": DIGEST, "verdict": "critical", "critical": 1, "high": 1}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"CreatedAt": "2026-11-20T10:11:00Z"}, "future_report"),
        ({"Metadata": {"RepoDigests": ["x@sha256:" + "b" * 64]}}, "unknown_version"),
        ({"Metadata": {}, "ArtifactName": "fraud/base:other"}, "unknown_version"),
        ({"SchemaVersion": 3}, "unreadable_report"),
    ],
)
def test_a_report_that_cannot_be_placed_is_refused(image: Image, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(BadReport) as refusal:
        upload_scan(image=image, report=report(**changes), by=BY, now=NOW)
    assert (refusal.value.code, Scan.objects.count()) == (code, 0)


def test_a_finding_the_database_cannot_keep_is_cleaned(image: Image) -> None:
    found = finding("CVE-1", "HIGH") | {"Title": "a\x00b"}
    upload_scan(image=image, report=report(Results=[{"Vulnerabilities": [found]}]), by=BY, now=NOW)
    assert Scan.objects.get().findings[0]["title"] == "ab"


def test_a_report_without_a_digest_is_placed_by_its_tag(image: Image) -> None:
    scan = upload_scan(image=image, report=report(Metadata={"OS": {}}), by=BY, now=NOW)
    assert scan.version.digest == DIGEST


def test_the_newest_report_counts(image: Image) -> None:
    upload_scan(image=image, report=report(), by=BY, now=NOW)
    upload_scan(image=image, report=report(CreatedAt="2026-11-20T09:00:00Z", Results=None), by=BY, now=NOW)
    upload_scan(image=image, report=report(CreatedAt="2026-11-18T09:00:00Z"), by=BY, now=NOW)
    (facts,) = image_facts([(image, "stable")])
    assert (facts.verdict, facts.scanned_at) == ("passed", NOW - timedelta(hours=1))


def test_policy_is_told_what_the_tag_means_now(image: Image) -> None:
    other = make_image("fraud/none")
    facts = image_facts([(image, "stable"), (image, DIGEST), (image, "gone"), (other, "stable")])
    assert [(f.digest, f.exists, f.verdict) for f in facts] == [
        (DIGEST, True, None),
        (DIGEST, True, None),
        (None, False, None),
        (None, False, None),
    ]


def test_blocking_needs_a_reason_tells_others_and_is_recorded_once(image: Image) -> None:
    heard: list[int] = []
    receiver = lambda image_id, **_kwargs: heard.append(image_id)  # noqa: E731
    image_blocked.connect(receiver)
    with pytest.raises(CatalogueError) as refusal:
        block_image(image=image, reason="  ", by=BY, now=NOW)
    assert refusal.value.code == "reason_missing"
    blocked = block_image(image=image, reason="Malware", by=BY, now=NOW)
    assert (blocked.blocked, blocked.blocked_reason, heard) == (True, "Malware", [image.pk])
    with pytest.raises(CatalogueError) as again:
        block_image(image=image, reason="Malware", by=BY, now=NOW)
    assert again.value.code == "nothing_changed"
    freed = unblock_image(image=image, reason="Fixed", by=BY, now=NOW)
    assert (freed.blocked, freed.blocked_reason) == (False, "")
    kinds = list(Event.objects.order_by("sequence").values_list("kind", flat=True))
    assert kinds == ["grants.image.blocked", "grants.image.unblocked"]
    image_blocked.disconnect(receiver)


def test_restricting_and_allowing(image: Image) -> None:
    assert restrict_image(image=image, reason="Licence", by=BY, now=NOW).restricted is True
    assert allow_image(image=image, reason="", by=BY, now=NOW).restricted is False


def test_people_outside_every_team_see_no_images(image: Image) -> None:
    people = cast()
    seen = {
        name: images_visible_to(standing_of(getattr(people, name))).count()
        for name in ("alice", "bob", "charlie", "mia", "sam", "ada", "root")
    }
    assert seen == {"alice": 1, "bob": 1, "charlie": 0, "mia": 1, "sam": 1, "ada": 1, "root": 1}
    assert images_visible_to(None).count() == 0


def test_pasted_references_are_looked_up_with_their_problem(image: Image) -> None:
    host = image.registry.host
    texts = [
        f"{host}/fraud/base:stable",
        f"{host}/fraud/base",
        f"{host}/fraud/base@{DIGEST}",
        f"{host}/fraud/base:nope",
        f"{host}/fraud/base@sha256:" + "b" * 64,
        f"{host}/other:stable",
        "elsewhere.test/fraud/base:stable",
        "not a reference",
    ]
    found = resolve_references(texts, images=images_visible_to(standing_of(cast().bob)))
    assert [(f.problem, f.tag) for f in found] == [
        ("", "stable"),
        ("", "stable"),
        ("", ""),
        ("unknown_tag", "nope"),
        ("unknown_digest", ""),
        ("unknown_image", ""),
        ("unknown_host", ""),
        ("unreadable", ""),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", 2),
        ("TORCH", 1),
        ("stable", 2),
        ("视觉", 1),
        ("torch stable", 1),
        ("sha256:aaaa", 1),
        ("nothing", 0),
    ],
)
def test_search_matches_names_words_tags_and_digests(db: None, text: str, names: int) -> None:
    make_version(make_image("ai/torch"), digest=DIGEST)
    make_version(make_image("ai/yolo", purpose="视觉检测"), digest="sha256:" + "b" * 64)
    assert search_images(Image.objects.all(), text).count() == names


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_the_same_queries_however_long(
    db: None, django_assert_num_queries: Any, count: int
) -> None:
    registry = make_registry()
    for number in range(count):
        image = make_image(f"ai/i{number}", registry=registry)
        version = make_version(image, digest=f"sha256:{number:064x}")
        Scan.objects.create(version=version, scanned_at=NOW, uploaded_at=NOW, uploaded_by="x")
    viewer = standing_of(cast().bob)
    with django_assert_num_queries(4):
        rows = list(with_newest(images_visible_to(viewer)))
        assert [len(tag.version.newest_scans) for row in rows for tag in row.newest_tags] == [1] * count
