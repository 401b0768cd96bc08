import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from audit.ledger.actors import Actor
from audit.ledger.checks import check_role
from audit.ledger.errors import AuditUnavailable
from audit.ledger.models import Event
from audit.ledger.services import audited, record
from audit.ledger.verify import verify_log

ALICE = Actor(kind="person", id="1", name="Alice")
STATEMENTS = [
    "UPDATE {} SET sequence = 9",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "DROP TABLE {}",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
    "SET session_replication_role = replica",
]
CHAIN_LOCK = 7095217263184451


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["ledger_event", "ledger_checkpoint"])
@pytest.mark.parametrize("statement", STATEMENTS)
def test_application_role_cannot_change_history(statement: str, table: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(table))


@pytest.mark.parametrize("table", ["ledger_event", "ledger_checkpoint"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET at = now()", "DELETE FROM {}", "TRUNCATE {}"])
def test_triggers_refuse_even_the_owner(
    superuser: psycopg.Connection, append: Callable[..., None], statement: str, table: str
) -> None:
    append(1)
    superuser.execute("INSERT INTO ledger_checkpoint VALUES (1, 'r', 'h', 'f', 'n', now())")
    superuser.execute("SET session_replication_role = origin")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="ledger_append_only"):
        superuser.execute(statement.format(table))


@pytest.mark.django_db
def test_check_accepts_the_application_role() -> None:
    assert check_role(databases=["default"]) == []


def test_check_names_every_excess_right(superuser: psycopg.Connection) -> None:
    role = connection.settings_dict["USER"]
    superuser.execute(f'GRANT UPDATE, TRUNCATE ON ledger_event TO "{role}"')
    try:
        said = [error.msg for error in check_role(databases=["default"])]
    finally:
        superuser.execute(f'REVOKE UPDATE, TRUNCATE ON ledger_event FROM "{role}"')
    assert said == [
        "The database role of 'default' can change rows of ledger_event.",
        "The database role of 'default' can truncate ledger_event.",
    ]


@pytest.mark.django_db
def test_check_asks_no_database_unless_told() -> None:
    assert check_role(databases=None) == []


def test_revoked_insert_refuses_the_change(superuser: psycopg.Connection) -> None:
    role = connection.settings_dict["USER"]
    superuser.execute(f'REVOKE INSERT ON ledger_event FROM "{role}"')
    try:
        with pytest.raises(AuditUnavailable):
            change_something()
    finally:
        superuser.execute(f'GRANT INSERT ON ledger_event TO "{role}"')
    assert superuser.execute(
        "SELECT count(*) FROM django_content_type WHERE app_label = 'ledger_test'"
    ).fetchone() == (0,)


def change_something() -> None:
    with audited(by=ALICE):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO django_content_type (app_label, model) VALUES ('ledger_test', 'x')")
        record("a.b.done", subject="x:1")


def test_a_held_lock_refuses_within_its_time(superuser: psycopg.Connection) -> None:
    superuser.execute("SELECT pg_advisory_lock(%s)", [CHAIN_LOCK])
    began = time.monotonic()
    with pytest.raises(AuditUnavailable), audited(by=ALICE):
        record("a.b.done", subject="x:1")
    assert 1.5 < time.monotonic() - began < 4
    superuser.execute("SELECT pg_advisory_unlock(%s)", [CHAIN_LOCK])
    assert Event.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_eight_writers_keep_one_gapless_chain() -> None:
    rows = [f"row{number}" for number in range(4)]
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(
                "INSERT INTO django_content_type (app_label, model) VALUES ('ledger_test', %s)", [row]
            )
    barrier = threading.Barrier(8)

    def write(writer: int) -> int:
        barrier.wait()
        kept = 0
        for turn in range(40):
            kept += change(rows[(writer + turn) % 4], undo=turn % 8 == 3)
        connection.close()
        return kept

    with ThreadPoolExecutor(8) as pool:
        kept = sum(pool.map(write, range(8)))
    assert kept == 8 * 35
    assert list(Event.objects.order_by("sequence").values_list("sequence", flat=True)) == list(
        range(1, 2 * kept + 1)
    )
    assert verify_log().events == 2 * kept


def change(row: str, *, undo: bool) -> int:
    """Record before and after locking a hot row; give up the whole block when told."""
    try:
        with audited(by=ALICE):
            record("a.b.began", subject=row)
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT 1 FROM django_content_type WHERE app_label = 'ledger_test' AND model = %s FOR UPDATE",
                    [row],
                )
            record("a.b.ended", subject=row)
            give_up(undo)
    except InterruptedError:
        return 0
    return 1


def give_up(undo: bool) -> None:
    if undo:
        raise InterruptedError
