from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit.ledger import services, signals
from audit.ledger.actors import SYSTEM, Actor
from audit.ledger.errors import AuditUnavailable, LedgerError
from audit.ledger.models import Checkpoint, Event
from audit.ledger.offline import GENESIS
from audit.ledger.services import audited, in_audited, record

ALICE = Actor(kind="person", id="1", name="Alice")
BOB = Actor(kind="person", id="2", name="Bob")
pytestmark = pytest.mark.django_db


def kinds() -> list[str]:
    return list(Event.objects.order_by("sequence").values_list("kind", flat=True))


def note(text: str) -> None:
    """A change to live data, with the means at hand."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_content_type (app_label, model) VALUES ('ledger_test', %s)", [text]
        )


def change(text: str) -> None:
    with audited(by=ALICE):
        note(text)
        record("a.b.done", subject="x:1")


def fail(*, by: Actor, savepoint: bool = False) -> None:
    """A service that changes, records and then raises."""
    with audited(by=by, savepoint=savepoint):
        note("lost")
        record("a.b.inner", subject="x:1")
        raise ZeroDivisionError


def noted() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT model FROM django_content_type WHERE app_label = 'ledger_test' ORDER BY model")
        return [row[0] for row in cursor.fetchall()]


def test_record_keeps_every_dimension() -> None:
    with audited(by=ALICE):
        record(
            "grants.grant.revoked",
            subject="grant:12",
            project="anti-fraud-v2",
            team="anti-fraud",
            person="person:2",
            image="registry/cuda",
            detail={"reason": "done", "days": 3},
        )
    event = Event.objects.get()
    assert (event.sequence, bytes(event.previous), len(event.hash)) == (1, GENESIS, 32)
    assert (event.kind, event.actor, event.actor_name, event.subject) == (
        "grants.grant.revoked",
        "person:1",
        "Alice",
        "grant:12",
    )
    assert (event.project, event.team, event.person, event.image, event.detail) == (
        "anti-fraud-v2",
        "anti-fraud",
        "person:2",
        "registry/cuda",
        {"reason": "done", "days": 3},
    )


def test_events_are_written_in_order_and_chained() -> None:
    with audited(by=ALICE):
        record("a.b.first", subject="x:1")
        with audited(by=SYSTEM):
            record("a.b.second", subject="x:1")
        record("a.b.third", subject="x:1")
    first, second, third = Event.objects.order_by("sequence")
    assert [first.actor, second.actor, third.actor] == ["person:1", "system:purser", "person:1"]
    assert (bytes(second.previous), bytes(third.previous)) == (bytes(first.hash), bytes(second.hash))
    assert first.at <= second.at <= third.at


def test_record_outside_audited_is_refused() -> None:
    with pytest.raises(LedgerError) as refused:
        record("a.b.done", subject="x:1")
    assert refused.value.code == "not_audited"


@pytest.mark.parametrize("kind", ["done", "a.done", "A.b.done", "a..done", "a.b.c.d.e", "a.b.done\n"])
def test_kind_has_three_or_four_parts(kind: str) -> None:
    with pytest.raises(LedgerError), audited(by=ALICE):
        record(kind, subject="x:1")
    assert kinds() == []


def test_exception_drops_change_and_events() -> None:
    with pytest.raises(ZeroDivisionError):
        fail(by=ALICE)
    assert (kinds(), noted(), in_audited()) == ([], [], False)


def test_failed_joined_block_dooms_the_whole_block_aloud() -> None:
    def carry_on() -> None:
        with audited(by=ALICE):
            note("doomed")
            record("a.b.outer", subject="x:1")
            with suppress(ZeroDivisionError):
                fail(by=BOB)

    with pytest.raises(RuntimeError, match="nothing of this one is kept"):
        carry_on()
    assert (kinds(), noted()) == ([], [])


def test_failed_savepoint_block_drops_only_itself() -> None:
    with audited(by=ALICE):
        note("kept")
        record("a.b.outer", subject="x:1")
        with pytest.raises(ZeroDivisionError):
            fail(by=BOB, savepoint=True)
        record("a.b.after", subject="x:1")
    assert (kinds(), noted()) == (["a.b.outer", "a.b.after"], ["kept"])
    assert set(Event.objects.values_list("actor", flat=True)) == {"person:1"}


def test_failing_ledger_leaves_no_change(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(events: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(services, "append_events", broken)
    with pytest.raises(AuditUnavailable) as refused:
        change("never")
    assert (refused.value.code, refused.value.status, noted()) == ("audit_unavailable", 503, [])


@pytest.mark.django_db(transaction=True)
def test_audited_inside_a_bare_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic(), audited(by=ALICE):
        record("a.b.done", subject="x:1")


@pytest.mark.django_db(transaction=True)
def test_signal_tells_the_span_after_commit() -> None:
    heard: list[tuple[int, int, bool]] = []

    def hear(first: int, last: int, **kwargs: Any) -> None:
        heard.append((first, last, connection.in_atomic_block))

    signals.appended.connect(hear)
    try:
        with audited(by=ALICE):
            record("a.b.one", subject="x:1")
            record("a.b.two", subject="x:1")
            assert heard == []
        with pytest.raises(ZeroDivisionError):
            fail(by=ALICE)
        with audited(by=ALICE):
            pass
    finally:
        signals.appended.disconnect(hear)
    assert heard == [(1, 2, False)]


@pytest.mark.parametrize("model", [Event, Checkpoint])
def test_models_refuse_to_be_written(model: type[Event] | type[Checkpoint]) -> None:
    for write in (
        lambda: model().save(),
        lambda: model().delete(),
        model.objects.create,
        lambda: model.objects.bulk_create([model()]),
        lambda: model.objects.all().update(),
        lambda: model.objects.all().delete(),
    ):
        with pytest.raises(LedgerError) as refused:
            write()
        assert refused.value.code == "append_only"
