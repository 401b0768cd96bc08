import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from audit.ledger.actors import Actor
from audit.ledger.export import export_events, stream_csv, stream_jsonl
from audit.ledger.models import Event
from audit.ledger.offline import entry_hash, read_line
from audit.ledger.selectors import count_events, event_page, events_visible_to
from audit.ledger.services import audited, record
from audit.ledger.types import EventFilters, Scope

ADA = Actor(kind="person", id="7", name="Ada")
ALL = Scope(everything=True)
pytestmark = pytest.mark.django_db


def rows(data: bytes) -> list[dict[str, str]]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def numbers(scope: Scope, **filters: object) -> list[int]:
    found = events_visible_to(scope, EventFilters(**filters))  # type: ignore[arg-type]
    return list(found.values_list("sequence", flat=True))


@pytest.fixture
def log(append: Callable[..., None]) -> None:
    """Six events: two of team a, two of team b, one about bob, one of nobody."""
    append(2, team="a", project="p1", image="r/cuda", detail={"reason": "Quarterly 李 100%_run"})
    append(2, team="b", project="p2", kind="grants.grantee.added")
    append(1, person="person:2")
    append(1, kind="audit.export.made", subject="export:events")


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"team": "a"}, [2, 1]),
        ({"project": "p2"}, [4, 3]),
        ({"kind": "grants.grant"}, [5, 2, 1]),
        ({"kind": "grants"}, [5, 4, 3, 2, 1]),
        ({"kind": "grants.grant.issued", "team": "a"}, [2, 1]),
        ({"kind": "gr"}, []),
        ({"actor": "person:1"}, [6, 5, 4, 3, 2, 1]),
        ({"actor": "person:2"}, []),
        ({"person": "person:2"}, [5]),
        ({"subject": "grant:1"}, [4, 2]),
        ({"image": "r/cuda"}, [2, 1]),
        ({"text": "quarterly"}, [2, 1]),
        ({"text": "100%_run"}, [2, 1]),
        ({"text": "EXPORT:"}, [6]),
        ({"text": "李"}, [6, 5, 4, 3, 2, 1]),
    ],
)
@pytest.mark.usefixtures("log")
def test_filters_narrow(filters: dict[str, str], expected: list[int]) -> None:
    assert numbers(ALL, **filters) == expected


@pytest.mark.usefixtures("log")
def test_since_is_included_and_until_is_not() -> None:
    third = Event.objects.get(sequence=3).at
    assert numbers(ALL, since=third) == [6, 5, 4, 3]
    assert numbers(ALL, until=third) == [2, 1]
    assert numbers(ALL, since=third + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), []),
        (Scope(teams=frozenset({"a"})), [2, 1]),
        (Scope(teams=frozenset({"a", "b"})), [4, 3, 2, 1]),
        (Scope(persons=frozenset({"person:2"})), [5]),
        (Scope(teams=frozenset({"b"}), persons=frozenset({"person:2"})), [5, 4, 3]),
        (Scope(persons=frozenset({"person:1"})), [6, 5, 4, 3, 2, 1]),
        (Scope(teams=frozenset({""}), persons=frozenset({""})), []),
    ],
)
@pytest.mark.usefixtures("log")
def test_scope_limits_what_is_seen(scope: Scope, expected: list[int]) -> None:
    assert numbers(scope) == expected
    assert count_events(scope) == len(expected)


@pytest.mark.usefixtures("log")
def test_pages_join_without_gap_or_repeat() -> None:
    seen, before = [], None
    while True:
        page = event_page(ALL, before=before, size=4)
        seen += [event.sequence for event in page.events]
        before = page.older
        if before is None:
            break
    assert seen == [6, 5, 4, 3, 2, 1]


def test_count_stops_at_its_limit(append: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    append(5)
    monkeypatch.setattr("audit.ledger.selectors.COUNT_LIMIT", 3)
    assert count_events(ALL) == 4


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_csv_disarms_formulas(append: Callable[..., None], start: str) -> None:
    append(1, subject=start, project=start, team=start, person=start, image=start)
    (row,) = rows(b"".join(stream_csv(events_visible_to(ALL))))
    assert {row[name] for name in ("subject", "project", "team", "person", "image")} == {f"'{start}"}
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())


def test_csv_survives_quotes_commas_and_other_scripts(append: Callable[..., None]) -> None:
    detail = {"reason": 'said "yes",\nthen 李; \\ '}
    append(1, subject='a"b,c', detail=detail)
    (row,) = rows(b"".join(stream_csv(events_visible_to(ALL))))
    event = Event.objects.get()
    assert (row["sequence"], row["subject"], json.loads(row["detail"])) == ("1", 'a"b,c', detail)
    assert row["actor_name"] == "Alice Li 李"
    assert row["at"] == event.at.strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0") + "Z"
    assert list(row) == ["sequence", "at", "actor", "actor_name", "image", "kind", "person", "project", "subject",
                         "team", "detail"]  # fmt: skip


def test_json_lines_are_exact_and_carry_the_chain(append: Callable[..., None]) -> None:
    detail = {"text": 'tab\t quote" back\\slash \x01 李 %s'}
    append(2, subject='a"b\\c%s', detail=detail)
    written = b"".join(stream_jsonl(events_visible_to(ALL, EventFilters(text="%s")))).splitlines()
    for line, event in zip(written, Event.objects.order_by("sequence"), strict=True):
        parsed, value = read_line(line), json.loads(line)
        assert (value["subject"], value["detail"], value["sequence"]) == ('a"b\\c%s', detail, event.sequence)
        assert entry_hash(parsed.previous, parsed.sequence, parsed.at, parsed.body) == bytes(event.hash)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.usefixtures("log")
def test_export_streams_exactly_what_matched_and_is_recorded(form: str) -> None:
    filters = EventFilters(kind="grants.grant", since=Event.objects.get(sequence=2).at)
    data = b"".join(export_events(scope=ALL, filters=filters, format=form, by=ADA))  # type: ignore[arg-type]
    found = (
        [row["sequence"] for row in rows(data)]
        if form == "csv"
        else [str(json.loads(line)["sequence"]) for line in data.splitlines()]
    )
    assert found == ["2", "5"]
    made = Event.objects.latest("sequence")
    assert filters.since is not None
    assert (made.kind, made.actor, made.detail) == (
        "audit.export.made",
        "person:7",
        {
            "count": 2,
            "format": form,
            "filters": {"kind": "grants.grant", "since": filters.since.isoformat()},
        },
    )


def test_export_leaves_out_its_own_event() -> None:
    with audited(by=ADA):
        record("a.b.done", subject="x:1")
    assert len(rows(b"".join(export_events(scope=ALL, filters=EventFilters(), format="csv", by=ADA)))) == 1


def test_export_of_nothing_is_a_header(append: Callable[..., None]) -> None:
    append(1)
    assert rows(b"".join(export_events(scope=Scope(), filters=EventFilters(), format="csv", by=ADA))) == []


def test_a_long_export_comes_in_blocks(append: Callable[..., None]) -> None:
    append(40, detail={"text": "x" * 4000})
    blocks = list(stream_jsonl(events_visible_to(ALL)))
    assert len(blocks) == 3
    assert max(map(len, blocks)) < 70_000


@pytest.mark.django_db(transaction=True)
def test_a_download_given_up_leaves_the_connection_usable(append: Callable[..., None]) -> None:
    append(40, detail={"text": "x" * 4000})
    stream = stream_jsonl(events_visible_to(ALL))
    assert next(stream).startswith(b'{"sequence":1,')
    stream.close()  # type: ignore[attr-defined]
    assert count_events(ALL) == 40
