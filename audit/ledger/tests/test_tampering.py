"""Two hundred random tamperings by a superuser with the triggers off, and as many logs left alone."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from audit.ledger import keys
from audit.ledger.actors import operator
from audit.ledger.bundle import export_bundle
from audit.ledger.checkpoints import make_checkpoint
from audit.ledger.offline import Tampered, verify_bundle
from audit.ledger.types import EventFilters
from audit.ledger.verify import verify_log

SIZE = 40
ROUNDS = 40
COLUMNS = ("kind", "actor", "actor_name", "subject", "project", "team", "person", "image")
SHIFT = "UPDATE ledger_event SET sequence = -sequence WHERE sequence > %(after)s"
BACK = "UPDATE ledger_event SET sequence = -sequence + %(by)s WHERE sequence < 0"
FORGE = """
    INSERT INTO ledger_event (sequence, at, previous, hash, actor, actor_name, image, kind, person, project, subject,
                              team, detail)
    SELECT %s, at, previous, hash, actor, actor_name, image, kind, person, project, subject, team, detail
      FROM ledger_event WHERE sequence = %s
"""
Superuser = psycopg.Connection


def edit(db: Superuser, rng: random.Random) -> None:
    at = rng.randint(1, SIZE)
    change = rng.choice([f"{column} = {column} || 'x'" for column in COLUMNS] + [
        "detail = '{\"number\":-1}'",
        "at = at + interval '1 microsecond'",
        "hash = sha256(hash)",
        "previous = sha256(previous)",
        # Text moved from one column into the next.
        "project = 'forged' || chr(10) || project",
    ])  # fmt: skip
    db.execute("UPDATE ledger_event SET %s WHERE sequence = %d" % (change, at))  # noqa: S608, UP031


def delete(db: Superuser, rng: random.Random) -> None:
    at = rng.randint(1, SIZE - 1)
    db.execute("DELETE FROM ledger_event WHERE sequence = %s", [at])
    if rng.random() < 0.7:
        db.execute(SHIFT, {"after": at})
        db.execute(BACK, {"by": -1})
        maybe_rechain(db, rng)


def insert(db: Superuser, rng: random.Random) -> None:
    at = rng.randint(0, SIZE - 1)
    db.execute(SHIFT, {"after": at})
    db.execute(BACK, {"by": 1})
    db.execute(FORGE, [at + 1, SIZE if at < SIZE / 2 else 1])
    maybe_rechain(db, rng)


def swap(db: Superuser, rng: random.Random) -> None:
    one, two = rng.sample(range(1, SIZE + 1), 2)
    for source, target in ((one, -1), (two, one), (-1, two)):
        db.execute("UPDATE ledger_event SET sequence = %s WHERE sequence = %s", [target, source])
    maybe_rechain(db, rng)


def cut(db: Superuser, rng: random.Random) -> None:
    db.execute("DELETE FROM ledger_event WHERE sequence > %s", [rng.randint(0, SIZE - 1)])
    if rng.random() < 0.5:
        db.execute(
            "DELETE FROM ledger_checkpoint WHERE size > (SELECT coalesce(max(sequence), 0) FROM ledger_event)"
        )


def maybe_rechain(db: Superuser, rng: random.Random) -> None:
    """Half of the time the forger recomputes every hash, as a superuser can."""
    if rng.random() < 0.5:
        db.execute("""
            DO $$ DECLARE e record; head bytea := decode(repeat('00', 32), 'hex'); BEGIN
              FOR e IN SELECT * FROM ledger_event ORDER BY sequence LOOP
                UPDATE ledger_event SET previous = head, hash = sha256(ledger_entry(head, e.sequence, e.at,
                  e.actor, e.actor_name, e.image, e.kind, e.person, e.project, e.subject, e.team, e.detail))
                 WHERE sequence = e.sequence RETURNING hash INTO head;
              END LOOP; END $$
        """)


def restore(db: Superuser) -> None:
    db.execute("TRUNCATE ledger_event, ledger_checkpoint")
    db.execute("INSERT INTO ledger_event SELECT * FROM kept_event")
    db.execute("INSERT INTO ledger_checkpoint SELECT * FROM kept_checkpoint")


@pytest.fixture
def signed_log(superuser: Superuser, append: Callable[..., None], places: list[Path], tmp_path: Path) -> Path:
    """A log of 40 events with four checkpoints, kept aside; returns the folder in the second place."""
    for _ in range(4):
        append(SIZE // 4, team="a", project="p", person="person:2", image="r/x")
        make_checkpoint()
    superuser.execute("CREATE TEMP TABLE kept_event AS TABLE ledger_event")
    superuser.execute("CREATE TEMP TABLE kept_checkpoint AS TABLE ledger_checkpoint")
    shutil.copytree(places[0], tmp_path / "kept")
    return tmp_path / "kept"


def offline_verdict(tmp_path: Path, second: Path, filters: EventFilters) -> str:
    """What the offline verifier says of a bundle exported now: nothing, or the fault."""
    made = export_bundle(path=tmp_path / "b.zip", filters=filters, by=operator("root"))
    try:
        verify_bundle(made.path, list(keys.public_keys().values()), [second])
    except Tampered as fault:
        return str(fault)
    return ""


@pytest.mark.parametrize("tamper", [edit, delete, insert, swap, cut])
def test_every_tampering_is_found_from_the_bundle(
    tamper: Callable[[Superuser, random.Random], None],
    superuser: Superuser,
    signed_log: Path,
    places: list[Path],
    tmp_path: Path,
) -> None:
    rng, missed = random.Random(tamper.__name__), []  # noqa: S311  (a seed, not a secret)
    for turn in range(ROUNDS):
        tamper(superuser, rng)
        if not live_fault() or not offline_verdict(tmp_path, signed_log, EventFilters()):
            missed.append(turn)
        restore(superuser)
        for folder in places:
            shutil.rmtree(folder)
            shutil.copytree(signed_log, folder)
    assert missed == []
    assert live_fault() == ""


def live_fault() -> str:
    try:
        verify_log()
    except Tampered as fault:
        return str(fault)
    return ""


def test_untouched_logs_are_never_accused(
    signed_log: Path, append: Callable[..., None], tmp_path: Path
) -> None:
    accused: list[str] = []
    for turn in range(25):
        append(turn % 3)
        asked = (EventFilters(), EventFilters(kind="grants"), EventFilters(subject=f"grant:{turn}"))
        accused += [live_fault() or offline_verdict(tmp_path, signed_log, filters) for filters in asked]
        if turn % 4 == 0:
            make_checkpoint()
    assert accused == [""] * 75
