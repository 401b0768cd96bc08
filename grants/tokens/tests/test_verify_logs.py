"""Every kind of damage to the pull and token logs is found, and a log that was pruned by the rules is not accused."""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection

from audit.ledger.actors import operator, system
from audit.ledger.models import Event
from audit.ledger.services import audited, record
from audit.ledger.verify import verify_log
from audit.pulls import services as pulls
from audit.pulls.models import Pull
from audit.pulls.verify import verify_pulls
from grants.lifecycle.clock import database_time
from grants.tokens import sealing
from grants.tokens.models import IssuedToken
from grants.tokens.pruning import NotPrunable, Pruned, prune
from grants.tokens.verify import verify_tokens
from portal.testing import become, owner_without_triggers

pytestmark = pytest.mark.django_db(transaction=True)
OWNER = operator("root")
Damage = list[str]
PULL_DAMAGE: dict[str, tuple[Damage, list[str]]] = {
    "changed row": (["UPDATE pulls_pull SET person = 'person:9' WHERE id = {first}"], ["rows"]),
    "deleted row": (["DELETE FROM pulls_pull WHERE id = {first}"], ["rows"]),
    "changed digest": (["UPDATE pulls_pullbatch SET digest = 'x' WHERE first = {first}"], ["changed"]),
    "changed count": (["UPDATE pulls_pullbatch SET count = 9 WHERE first = {first}"], ["changed"]),
    "moved end": (
        ["UPDATE pulls_pullbatch SET last = {first} WHERE first = {first}"],
        ["changed", "rows", "stray"],
    ),
    "run without its rows": (
        ["DELETE FROM pulls_pullbatch WHERE first = {first}", "DELETE FROM pulls_pull WHERE id < {second}"],
        ["missing"],
    ),
    "run alone": (["DELETE FROM pulls_pullbatch WHERE first = {first}"], ["missing", "stray"]),
    "event": (["DELETE FROM ledger_event WHERE subject LIKE 'pulls:{first}-%%'"], ["unvouched"]),
    "row slipped in": (["UPDATE pulls_pull SET id = {second} - 1 WHERE id = {last}"], ["stray"]),
    "row never sealed": (["UPDATE pulls_pull SET received_at = received_at - interval '2 hours'"], ["late"]),
}
TOKEN_DAMAGE: dict[str, tuple[Damage, list[str]]] = {
    "changed row": (["UPDATE tokens_issuedtoken SET login = 'eve' WHERE jti = 't0'"], ["rows"]),
    "deleted row": (["DELETE FROM tokens_issuedtoken WHERE jti = 't0'"], ["rows"]),
    "changed digest": (["UPDATE tokens_tokenbatch SET digest = 'x' WHERE id = {first}"], ["changed"]),
    "run": (["DELETE FROM tokens_tokenbatch WHERE id = {first}"], ["missing", "stray"]),
    "event": (["DELETE FROM ledger_event WHERE subject = 'tokens:{first}'"], ["unvouched"]),
    "row moved before the first run": (
        ["UPDATE tokens_issuedtoken SET at = '1999-01-01' WHERE jti = 't0'"],
        ["rows", "stray"],
    ),
}


def pull(number: int, **fields: Any) -> None:
    now = datetime.now(UTC)
    Pull.objects.create(**{"event_id": f"e{number}", "registry": "main", "at": now, "received_at": now,
                           "action": "pull", "counted": True, "repository": "ai/torch"} | fields)  # fmt: skip


def token(jti: str, ago: timedelta, login: str = "bob") -> None:
    IssuedToken.objects.create(jti=jti, at=database_time() - ago, outcome="issued", login=login, access=[])


def execute(statement: str) -> None:
    with owner_without_triggers(), connection.cursor() as cursor:
        cursor.execute(statement)


def runs(table: str, key: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {key} FROM {table} ORDER BY 1")  # noqa: S608
        return [value for (value,) in cursor.fetchall()]


@pytest.fixture
def pull_log() -> dict[str, int]:
    """Two sealed runs of three pulls with a hole between them, and one pull that is not sealed yet."""
    for turn in range(2):
        for number in range(3):
            pull(turn * 10 + number)
        pulls.seal(by=system("pulls"), now=datetime.now(UTC))
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('pulls_pull_id_seq')")
    pull(99)
    first, second = runs("pulls_pullbatch", "first")
    return {"first": first, "second": second, "last": runs("pulls_pull", "id")[-1]}


@pytest.fixture
def token_log() -> dict[str, int]:
    """Two sealed runs: a person's token and an anonymous one, then a person's; and a token not sealed yet."""
    token("t0", timedelta(days=40))
    token("anonymous", timedelta(days=39), login="")
    sealing.seal(by=system("tokens"), now=database_time() - timedelta(days=35))
    token("t1", timedelta(minutes=5))
    sealing.seal(by=system("tokens"), now=database_time())
    token("fresh", timedelta())
    first, second = runs("tokens_tokenbatch", "id")
    return {"first": first, "second": second}


def codes(verify: Callable[..., Any]) -> list[str]:
    return [fault.code for fault in verify(now=database_time()).faults]


def test_logs_left_alone_are_said_to_be_what_was_sealed(pull_log, token_log) -> None:
    said = StringIO()
    call_command("verify_logs", stdout=said)
    assert said.getvalue().splitlines() == [
        "Pull log: 6 rows in 2 sealed runs are what was sealed.",
        "Token log: 3 rows in 2 sealed runs are what was sealed.",
    ]


def test_empty_logs_are_whole() -> None:
    call_command("verify_logs", stdout=StringIO())


@pytest.mark.parametrize("damage", PULL_DAMAGE)
def test_damage_to_the_pull_log_is_found(damage: str, pull_log: dict[str, int]) -> None:
    statements, expected = PULL_DAMAGE[damage]
    for statement in statements:
        execute(statement.format(**pull_log))
    assert codes(verify_pulls) == expected


@pytest.mark.parametrize("damage", TOKEN_DAMAGE)
def test_damage_to_the_token_log_is_found(damage: str, token_log: dict[str, int]) -> None:
    statements, expected = TOKEN_DAMAGE[damage]
    for statement in statements:
        execute(statement.format(**token_log))
    assert codes(verify_tokens) == expected


def test_tokens_that_nobody_sealed_for_an_hour_are_a_fault(token_log: dict[str, int]) -> None:
    later = database_time() + timedelta(hours=2)
    assert [(fault.code, fault.count) for fault in verify_tokens(now=later).faults] == [("late", 1)]


def test_a_second_event_for_a_run_does_not_hide_a_change(pull_log: dict[str, int]) -> None:
    subject = Event.objects.filter(kind="audit.pulls.sealed").order_by("sequence").first().subject
    execute(PULL_DAMAGE["changed row"][0][0].format(**pull_log))
    with audited(by=OWNER):
        record("audit.pulls.sealed", subject=subject, detail={"count": 3, "sha256": "forged"})
    assert codes(verify_pulls) == ["rows", "twice"]


def test_the_command_names_the_faults_and_fails(pull_log: dict[str, int]) -> None:
    execute(PULL_DAMAGE["changed row"][0][0].format(**pull_log))
    with pytest.raises(CommandError) as refused:
        call_command("verify_logs", stdout=StringIO())
    assert str(refused.value).splitlines() == [
        "The logs are not what was sealed. Faults: 1",
        f"- pulls:{pull_log['first']}-{pull_log['first'] + 2}: the rows are not those that were sealed",
    ]


@contextmanager
def as_owner():
    become("DATABASE_OWNER_URL")
    try:
        yield
    finally:
        become("DATABASE_URL")


def pruned(days: int = 30) -> Pruned:
    with as_owner():
        return prune(days=days, by=OWNER, now=database_time())


def test_old_anonymous_rows_go_and_both_logs_still_verify(token_log: dict[str, int]) -> None:
    assert [pruned(), pruned()] == [Pruned(rows=1, runs=1), Pruned(rows=0, runs=0)]
    assert set(IssuedToken.objects.values_list("jti", flat=True)) == {"t0", "t1", "fresh"}
    event = Event.objects.get(kind="grants.tokens.pruned")
    assert (event.subject, event.detail["removed"], event.detail["count"]) == (
        f"tokens:{token_log['first']}",
        1,
        1,
    )
    verdict = verify_tokens(now=database_time())
    assert (verdict.runs, verdict.rows, verdict.pruned, verdict.faults) == (2, 2, 1, [])
    assert verify_log().events == Event.objects.count()


@pytest.mark.parametrize("damage", ["changed row", "deleted row", "run"])
def test_damage_after_pruning_is_found_too(damage: str, token_log: dict[str, int]) -> None:
    pruned()
    for statement in TOKEN_DAMAGE[damage][0]:
        execute(statement.format(**token_log))
    assert codes(verify_tokens) == TOKEN_DAMAGE[damage][1]


def test_a_run_is_said_to_be_pruned_once_only(token_log: dict[str, int]) -> None:
    pruned()
    left = Event.objects.get(kind="grants.tokens.pruned")
    with audited(by=OWNER):
        record(left.kind, subject=left.subject, detail=left.detail)
    assert codes(verify_tokens) == ["pruned"]


def test_younger_rows_stay(token_log: dict[str, int]) -> None:
    assert pruned(days=50) == Pruned(rows=0, runs=0)
    assert codes(verify_tokens) == []


def test_a_run_that_does_not_verify_is_evidence_and_stays(token_log: dict[str, int]) -> None:
    execute(TOKEN_DAMAGE["changed row"][0][0])
    with pytest.raises(NotPrunable):
        pruned()
    assert IssuedToken.objects.filter(jti="anonymous").exists()


def test_the_application_may_not_prune(token_log: dict[str, int]) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        prune(days=30, by=OWNER, now=database_time())
    assert IssuedToken.objects.filter(jti="anonymous").exists()


def test_the_command_says_what_went_and_keeps_a_day(token_log: dict[str, int]) -> None:
    said = StringIO()
    with as_owner():
        call_command("prune_tokens", stdout=said)
    assert said.getvalue() == "1 anonymous rows were removed from 1 sealed runs.\n"
    with pytest.raises(CommandError, match="Keep at least one day"):
        call_command("prune_tokens", "--days", "0")
