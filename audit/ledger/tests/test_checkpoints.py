import stat
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import connection

from audit.ledger import keys, tasks
from audit.ledger.actors import operator
from audit.ledger.checkpoints import change_key, make_checkpoint
from audit.ledger.errors import CheckpointRefused, LedgerError
from audit.ledger.models import Checkpoint, Event
from audit.ledger.notes import sign_note
from audit.ledger.offline import Tampered, one_view, open_note
from audit.ledger.verify import Verified, verify_log

AT = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*.txt"))


def test_note_follows_the_c2sp_format() -> None:
    key = Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    text = sign_note(origin="purser-audit/ab", size=7, root=b"r" * 32, made=AT, key=key)
    body, signature = text.split("\n\n")
    assert body == f"purser-audit/ab\n7\n{b64encode(b'r' * 32).decode()}\ntime 2026-01-02T03:04:05.000678Z"
    dash, name, encoded = signature.removesuffix("\n").split(" ")
    assert (dash, name) == ("—", "purser-audit/ab")
    assert b64decode(encoded)[:4] == sha256(b"purser-audit/ab\n\x01" + raw).digest()[:4]
    key.public_key().verify(b64decode(encoded)[4:], (body + "\n").encode())
    opened = open_note(text, [Ed25519PrivateKey.generate().public_key(), key.public_key()])
    assert (opened.size, opened.root, opened.made) == (7, b"r" * 32, AT)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("\n7\n", "\n8\n"),
        lambda text: text.replace("2026", "2025"),
        lambda text: text.replace("purser-audit/ab", "purser-audit/cd"),
        lambda text: text.replace("— purser", "- purser"),
        lambda text: text.split("\n\n")[0] + "\n",
        lambda text: text.replace("\n7\n", "\n07\n"),
        lambda text: text[:-20] + "\n",
        lambda text: "",
    ],
)
def test_a_damaged_note_is_refused(damage: Callable[[str], str]) -> None:
    key = Ed25519PrivateKey.generate()
    text = sign_note(origin="purser-audit/ab", size=7, root=b"r" * 32, made=AT, key=key)
    with pytest.raises(Tampered):
        open_note(damage(text), [key.public_key()])


def test_a_split_view_is_refused() -> None:
    key = Ed25519PrivateKey.generate()
    notes = [
        open_note(sign_note(origin="o", size=7, root=root * 32, made=AT, key=key), [key.public_key()])
        for root in (b"a", b"b")
    ]
    with pytest.raises(Tampered, match="disagree"):
        one_view(notes)


@pytest.mark.django_db
def test_checkpoint_reaches_table_and_every_folder(append: Callable[..., None], places: list[Path]) -> None:
    append(5)
    made = make_checkpoint()
    assert made is not None
    assert (made.size, Checkpoint.objects.get().size) == (5, 5)
    assert [files(folder) for folder in places] == [["000000000005.txt"]] * 2
    written = next(places[1].rglob("*.txt")).read_text()
    assert written == Checkpoint.objects.get().note
    assert open_note(written, keys.public_keys().values()).root == bytes(made.root)


@pytest.mark.django_db
def test_nothing_new_is_not_signed(append: Callable[..., None], places: list[Path]) -> None:
    assert make_checkpoint() is None
    append(1)
    assert make_checkpoint() is not None
    assert make_checkpoint() is None
    assert files(places[0]) == ["000000000001.txt"]


@pytest.mark.django_db
def test_checkpoints_continue_and_all_verify(append: Callable[..., None]) -> None:
    for count in (3, 1, 4, 9):
        append(count)
        make_checkpoint()
    append(2)
    assert verify_log() == Verified(events=19, signed=17, checkpoints=4)


@pytest.mark.django_db
def test_chunks_join_seamlessly(append: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.ledger.stream.CHUNK", 4)
    monkeypatch.setattr("audit.ledger.verify.CHUNK", 4)
    monkeypatch.setattr("audit.ledger.verify.CHUNK_HEIGHT", 2)
    for _ in range(11):
        append(1)
        make_checkpoint()
    assert verify_log() == Verified(events=11, signed=11, checkpoints=11)


@pytest.mark.django_db
def test_a_crash_between_file_and_row_is_survived(append: Callable[..., None], places: list[Path]) -> None:
    append(3)
    kept = Checkpoint(size=0)
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT before")
        kept = make_checkpoint()
        cursor.execute("ROLLBACK TO before")
    assert kept is not None
    assert Checkpoint.objects.count() == 0
    append(2)
    again = make_checkpoint()
    assert again is not None
    assert (again.size, files(places[0])) == (5, ["000000000003.txt", "000000000005.txt"])
    assert verify_log().checkpoints == 2


@pytest.mark.django_db
def test_an_unwritable_folder_signs_nothing(
    append: Callable[..., None], settings: Any, tmp_path: Path
) -> None:
    append(1)
    (tmp_path / "file").write_text("in the way")
    settings.PURSER_CHECKPOINT_DIRS = [tmp_path / "file"]
    with pytest.raises(LedgerError) as refused:
        make_checkpoint()
    assert refused.value.code == "checkpoint_folder"
    assert Checkpoint.objects.count() == 0


@pytest.mark.parametrize(
    ("statement", "sequence"),
    [
        ("DELETE FROM ledger_event WHERE sequence > 4", 5),
        ("DELETE FROM ledger_event WHERE sequence > 2; DELETE FROM ledger_checkpoint", 3),
        ("UPDATE ledger_event SET hash = sha256('x') WHERE sequence = 6", 6),
        ("DELETE FROM ledger_event; DELETE FROM ledger_checkpoint", 1),
        ("UPDATE ledger_event SET actor = 'person:9' WHERE sequence = 8", 8),
        ("DELETE FROM ledger_event WHERE sequence = 7", 7),
        ("UPDATE ledger_checkpoint SET frontier = sha256('x') || sha256('y') WHERE size = 6", 6),
    ],
)
def test_a_rewritten_log_is_not_signed(
    superuser: psycopg.Connection, append: Callable[..., None], statement: str, sequence: int
) -> None:
    append(6)
    make_checkpoint()
    append(3)
    superuser.execute(statement)
    with pytest.raises(CheckpointRefused) as refused:
        make_checkpoint()
    assert refused.value.detail["sequence"] == sequence


def test_alarm_is_recorded_once(superuser: psycopg.Connection, append: Callable[..., None]) -> None:
    append(6)
    tasks.checkpoint()
    superuser.execute("UPDATE ledger_event SET hash = sha256('x') WHERE sequence = 6")
    tasks.checkpoint()
    tasks.checkpoint()
    alarm = Event.objects.get(kind="audit.checkpoint.refused")
    assert (alarm.actor, alarm.detail["sequence"], Checkpoint.objects.count()) == ("system:ledger", 6, 1)


@pytest.mark.django_db
def test_task_signs_what_is_new(append: Callable[..., None]) -> None:
    append(2)
    tasks.checkpoint()
    assert Checkpoint.objects.get().size == 2


def test_key_is_made_once_and_kept_private(settings: Any) -> None:
    first, second = keys.signing_key(), keys.signing_key()
    path = settings.PURSER_KEY_DIR / "audit.pem"
    assert first.private_bytes_raw() == second.private_bytes_raw()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(keys.public_keys()) == [keys.public_path(first.public_key())]
    assert [item.name for item in settings.PURSER_KEY_DIR.glob(".*")] == []


def test_lost_public_file_is_written_again() -> None:
    path = keys.public_path(keys.signing_key().public_key())
    path.unlink()
    keys.signing_key()
    assert list(keys.public_keys()) == [path]


@pytest.mark.django_db
def test_old_checkpoints_verify_after_rotation(append: Callable[..., None]) -> None:
    append(2)
    make_checkpoint()
    before = set(keys.public_keys())
    path = change_key(by=operator("root"))
    make_checkpoint()
    assert set(keys.public_keys()) - before == {path}
    assert Event.objects.latest("sequence").kind == "audit.key.rotated"
    assert verify_log() == Verified(events=3, signed=3, checkpoints=2)
