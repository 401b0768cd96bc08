"""The pull log: exactly once, counted by the rule, sealed without gaps."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from audit.ledger import checkpoints
from audit.ledger.actors import system
from audit.ledger.models import Event
from audit.pulls import services
from audit.pulls.models import Pull, PullBatch
from audit.pulls.notifications import Report, UnreadableNotification, read_notification
from audit.pulls.selectors import PullScope, counted_pulls, pulls_in, tokens_seen, use_of_grants
from audit.pulls.services import Attribution, record_reports, seal

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
BOB = Attribution("t1", "person:2", "Bob", "fraud", "anti-fraud", "grant:7")

pytestmark = pytest.mark.django_db


def report(
    number: int, *, at: datetime = NOW, method: str = "GET", kind: str = MANIFEST, **more: str
) -> dict[str, object]:
    return {
        "id": f"e{number}",
        "timestamp": at.isoformat(),
        "action": more.get("action", "pull"),
        "target": {
            "mediaType": kind,
            "digest": f"sha256:{number:064x}",
            "repository": more.get("repository", "ai/torch"),
            "tag": "stable",
        },
        "request": {"addr": "10.0.0.9:4711", "method": method, "useragent": "skopeo/1.9"},
        "actor": {"name": more.get("actor", "bob+t1")},
    }


def read(*reports: dict[str, object]) -> list[Report]:
    return read_notification(json.dumps({"events": list(reports)}).encode())


def bob(pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Attribution]:
    return {pair: BOB for pair in pairs if pair[0].startswith("bob+")}


def write(*reports: dict[str, object]) -> int:
    return record_reports(registry="main", reports=read(*reports), attribute=bob, now=NOW)


def test_a_pull_is_tied_to_its_person_and_grant() -> None:
    assert write(report(1)) == 1
    row = Pull.objects.get()
    assert (row.person, row.grant, row.project, row.token, row.counted) == (
        "person:2",
        "grant:7",
        "fraud",
        "t1",
        True,
    )
    assert (row.repository, row.digest, row.address) == ("ai/torch", f"sha256:{1:064x}", "10.0.0.9:4711")


def test_a_repeated_report_changes_nothing() -> None:
    assert [
        write(report(1), report(1)),
        write(report(1)),
        write(report(1), report(2, at=NOW + timedelta(60))),
    ] == [1, 0, 1]
    assert Pull.objects.count() == 2


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2020-01-01T00:00:00Z"]
)
def test_a_time_that_cannot_be_stops_no_report_and_is_no_last_use(at: str) -> None:
    assert write(report(1), report(2, repository="ai/jax") | {"timestamp": at}) == 2
    assert list(Pull.objects.values_list("at", flat=True)) == [NOW, NOW]
    assert use_of_grants(["grant:7"], now=NOW)["grant:7"].last == NOW


def test_the_same_event_id_of_another_registry_is_another_event() -> None:
    write(report(1))
    assert record_reports(registry="second", reports=read(report(1)), attribute=bob, now=NOW) == 1


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"kind": INDEX}, True),
        ({"method": "HEAD"}, False),
        ({"kind": "application/octet-stream"}, False),
        ({"action": "push"}, False),
        ({"action": "delete"}, False),
        ({"actor": "~purser:probe"}, False),
    ],
)
def test_only_a_get_of_a_manifest_counts(changes: dict[str, str], counts: bool) -> None:
    write(report(1, **changes))  # type: ignore[arg-type]
    assert Pull.objects.get().counted is counts


@pytest.mark.parametrize(("seconds", "counts"), [(0, 1), (10, 1), (11, 2)])
def test_an_index_and_its_child_are_one_pull(seconds: int, counts: int) -> None:
    write(report(1, kind=INDEX))
    write(report(2, at=NOW + timedelta(seconds=seconds)))
    assert Pull.objects.filter(counted=True).count() == counts


def test_a_child_that_is_reported_first_is_the_same_pull_too() -> None:
    write(report(2, at=NOW + timedelta(seconds=1)), report(1, kind=INDEX))
    assert Pull.objects.filter(counted=True).count() == 1


def test_two_people_and_two_repositories_are_separate_pulls() -> None:
    write(report(1), report(2, actor="eve+t9"), report(3, repository="ai/yolo"))
    assert Pull.objects.filter(counted=True).count() == 3


def test_an_actor_nobody_knows_is_kept_without_a_person() -> None:
    write(report(1, actor="somebody"))
    row = Pull.objects.get()
    assert (row.actor, row.person, row.token, row.counted) == ("somebody", "", "", True)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[]", b'{"events": [{}]}', b'{"events": 3}', b"\x00", b'{"events":[{"id":"","timestamp":"x"}]}',
     json.dumps({"events": [report(1) | {"timestamp": "2026-11-20T10:00:00"}]}).encode()],
)  # fmt: skip
def test_a_body_that_is_no_notification_is_refused(raw: bytes) -> None:
    with pytest.raises(UnreadableNotification):
        read_notification(raw)


def test_a_text_longer_than_its_column_is_cut_because_a_refused_report_would_stop_all_behind_it() -> None:
    long = report(1, actor="bob+t1")
    long["request"] = {"addr": "a" * 300, "method": "GET" * 20, "useragent": "x\x00" * 2000}
    long["target"] = {**dict.fromkeys(["mediaType", "digest", "repository", "tag"], "y" * 400)}
    assert write(long, report(2)) == 2
    row = Pull.objects.get(event_id="e1")
    assert (row.user_agent, row.address) == ("x" * 300, "a" * 100)
    assert [len(text) for text in (row.repository, row.digest, row.tag)] == [255, 80, 128]


def test_signing_the_ledger_does_not_keep_reports_waiting() -> None:
    assert len({services.LOCK, checkpoints._LOCK, 7095217263184451}) == 3


def test_sealed_runs_follow_each_other_and_stand_in_the_ledger() -> None:
    write(report(1), report(2, at=NOW + timedelta(60)))
    assert seal(by=system("pulls"), now=NOW) == 2
    assert seal(by=system("pulls"), now=NOW) == 0
    write(report(3, at=NOW + timedelta(120)))
    assert seal(by=system("pulls"), now=NOW) == 1
    first, second = PullBatch.objects.order_by("first")
    assert (first.count, second.count, second.first > first.last) == (2, 1, True)
    recorded = Event.objects.filter(kind="audit.pulls.sealed").order_by("sequence")
    assert [event.detail["sha256"] for event in recorded] == [first.digest, second.digest]


@pytest.mark.parametrize("field", ["address", "user_agent", "team", "digest", "person"])
def test_what_an_auditor_is_shown_is_vouched_for(field: str) -> None:
    assert field in services.SEALED_FIELDS


def test_the_application_cannot_rewrite_the_log() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege(current_user, 'pulls_pull', right_)"
            " FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS right_"
        )
        assert [allowed for (allowed,) in cursor.fetchall()] == [True, False, False, False]


def test_a_viewer_reads_only_what_the_scope_allows() -> None:
    write(report(1), report(2, actor="eve+t9"))
    assert pulls_in(PullScope(everything=True)).count() == 2
    assert pulls_in(PullScope(projects=frozenset({"fraud"}))).count() == 1
    assert pulls_in(PullScope(person="person:2")).count() == 1
    assert pulls_in(PullScope()).count() == 0
    assert counted_pulls(pulls_in(PullScope(everything=True)), grant="grant:7").count() == 1


def test_use_of_grants_counts_thirty_days() -> None:
    write(report(1), report(2, at=NOW - timedelta(days=40)))
    use = use_of_grants(["grant:7", "grant:8"], now=NOW)
    assert list(use) == ["grant:7"]
    assert (use["grant:7"].last, use["grant:7"].recent) == (NOW, 1)


def test_tokens_seen_names_those_a_registry_reported() -> None:
    write(report(1))
    assert tokens_seen(["t1", "t2"]) == {"t1"}
