import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import CommandError, call_command

from audit.ledger import keys, offline
from audit.ledger.actors import operator
from audit.ledger.bundle import export_bundle
from audit.ledger.checkpoints import make_checkpoint
from audit.ledger.models import Event
from audit.ledger.offline import main
from audit.ledger.types import EventFilters

ROOT = operator("root")
Append = Callable[..., None]
pytestmark = pytest.mark.django_db


def verdict(bundle: Path, *folders: Path) -> int:
    """The offline verifier's exit code with our public keys."""
    known = [argument for path in keys.public_keys() for argument in ("--key", str(path))]
    return main([str(bundle), *known, *(f"--checkpoints={folder}" for folder in folders)])


def export(path: Path, **filters: str) -> Path:
    return export_bundle(path=path, filters=EventFilters(**filters), by=ROOT).path  # type: ignore[arg-type]


def repack(source: Path, target: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """A copy of a bundle with every file passed through `change`; None leaves it out."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return target


def test_whole_log_verifies_and_names_its_limits(
    append: Append, tmp_path: Path, places: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    append(9, detail={"text": 'a "quoted" \\ 李\n'})
    bundle = export(tmp_path / "all.zip")
    assert verdict(bundle) == 0
    said = capsys.readouterr().out
    assert "10 events are unbroken, and events 1 to 10 are exactly those that were signed." in said
    assert "checkpoints kept elsewhere" in said
    assert verdict(bundle, places[1]) == 0
    assert "checkpoints kept elsewhere" not in capsys.readouterr().out


def test_manifest_says_what_the_bundle_holds(append: Append, tmp_path: Path) -> None:
    append(3)
    made = export_bundle(path=tmp_path / "b.zip", filters=EventFilters(), by=ROOT)
    with zipfile.ZipFile(made.path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = set(archive.namelist())
    assert (made.events, made.signed, made.refused) == (4, 4, "")
    assert {
        name: manifest[name] for name in ("format", "scope", "events", "signed", "refused", "filters")
    } == {
        "format": "purser-audit-bundle/1",
        "scope": "whole",
        "events": 4,
        "signed": 4,
        "refused": "",
        "filters": {},
    }
    assert names - {"manifest.json"} == set(manifest["files"])
    assert {"events.jsonl", "offline.py", "VERIFY.md", "checkpoints/000000000004.txt"} < names
    exported = Event.objects.get(kind="audit.export.made")
    assert (exported.actor, exported.detail) == (
        "operator:root",
        {"count": 3, "format": "bundle", "filters": {}},
    )


def test_an_older_bundle_is_not_accused_by_newer_checkpoints(
    append: Append, tmp_path: Path, places: list[Path]
) -> None:
    append(5)
    whole, selection = export(tmp_path / "all.zip"), export(tmp_path / "some.zip", kind="grants")
    append(5)
    make_checkpoint()
    assert (verdict(whole, places[1]), verdict(selection, places[1])) == (0, 0)


def test_selection_verifies_each_event_by_its_proof(
    append: Append, tmp_path: Path, places: list[Path]
) -> None:
    append(4)
    append(3, kind="approvals.request.approved")
    append(6)
    bundle = export(tmp_path / "some.zip", kind="approvals")
    assert verdict(bundle, places[1]) == 0
    with zipfile.ZipFile(bundle) as archive:
        found = [json.loads(line)["sequence"] for line in archive.read("events.jsonl").splitlines()]
    assert found == [5, 6, 7]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"grant:2", b"grant:3"),
        (b'"kind":"grants', b'"kind":"grantz'),
        (b'"number":2}', b'"number":3}'),
        (b'"number":2}', b'"number": 2}'),
        (b'"sequence":3', b'"sequence":4'),
        (b'{"sequence"', b'{"seqvence"'),
        (b"Alice", b"Mallory"),
    ],
)
@pytest.mark.parametrize("kind", ["", "grants"])
def test_an_edited_bundle_is_found(append: Append, tmp_path: Path, kind: str, old: bytes, new: bytes) -> None:
    append(6)
    bundle = export(tmp_path / "b.zip", kind=kind)

    def edit(name: str, data: bytes) -> bytes:
        return data.replace(old, new, 1) if name == "events.jsonl" else data

    assert verdict(repack(bundle, tmp_path / "bad.zip", edit)) == 1


@pytest.mark.parametrize("scope", ["whole", "selection"])
def test_a_bundle_without_checkpoints_vouches_for_nothing(append: Append, tmp_path: Path, scope: str) -> None:
    append(3)
    bundle = export(tmp_path / "b.zip", kind="" if scope == "whole" else "grants")

    def drop(name: str, data: bytes) -> bytes | None:
        return None if name.startswith("checkpoints/") else data

    assert verdict(repack(bundle, tmp_path / "bad.zip", drop)) == 1


def test_a_damaged_file_is_found(append: Append, tmp_path: Path) -> None:
    append(1)

    def damage(name: str, data: bytes) -> bytes:
        return data + b"\n" if name == "VERIFY.md" else data

    assert verdict(repack(export(tmp_path / "b.zip"), tmp_path / "bad.zip", damage)) == 1


def test_a_foreign_key_is_refused(append: Append, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(1)
    bundle = export(tmp_path / "b.zip")
    pem = (
        Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (tmp_path / "other.pem").write_bytes(pem)
    assert main([str(bundle), "--key", str(tmp_path / "other.pem")]) == 1
    assert "not signed by a given key" in capsys.readouterr().out


def test_what_is_no_bundle_or_key_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x").write_text("x")
    assert main([str(tmp_path / "x"), "--key", str(tmp_path / "x")]) == 2
    assert capsys.readouterr().err.startswith("Cannot read: ")


def test_verifier_runs_as_a_single_file_without_purser(append: Append, tmp_path: Path) -> None:
    append(2)
    bundle = export(tmp_path / "b.zip")
    with zipfile.ZipFile(bundle) as archive:
        archive.extract("offline.py", tmp_path / "away")
    (key,) = keys.public_keys()
    for script in (tmp_path / "away" / "offline.py", Path(offline.__file__)):
        command = [sys.executable, str(script), str(bundle), "--key", str(key)]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)  # noqa: S603
        assert (ran.returncode, ran.stdout.startswith("VERIFIED. "), ran.stderr) == (0, True, "")


def test_commands_sign_verify_and_export(append: Append, tmp_path: Path) -> None:
    append(3)
    out = StringIO()
    call_command("checkpoint_audit", stdout=out)
    call_command("checkpoint_audit", stdout=out)
    append(1)
    call_command("verify_audit", stdout=out)
    narrowed = ["--since=2020-01-01", "--until", "2099-01-01T00:00+08:00", "--kind=grants"]
    call_command("export_audit", "--out", str(tmp_path / "b.zip"), *narrowed, stdout=out)
    assert out.getvalue().splitlines() == [
        "Signed 3 events.",
        "Nothing new to sign.",
        "4 events are unbroken; 3 of them are signed by 1 checkpoints.",
        "The newest events are not signed yet: a change in them could be hidden.",
        f"4 events written to {tmp_path / 'b.zip'}, signed up to event 5.",
    ]
    assert verdict(tmp_path / "b.zip") == 0


def test_commands_rotate_the_key(append: Append) -> None:
    append(1)
    out = StringIO()
    call_command("checkpoint_audit", rotate_key=True, stdout=out)
    (path,) = set(keys.public_keys()) & {keys.public_path(keys.signing_key().public_key())}
    assert out.getvalue() == f"New public key: {path}\nSigned 2 events.\n"


def test_commands_name_the_tampering(superuser: psycopg.Connection, append: Append, tmp_path: Path) -> None:
    append(5)
    make_checkpoint()
    superuser.execute("UPDATE ledger_event SET person = 'person:9' WHERE sequence = 4")
    with pytest.raises(CommandError, match="tampered with: event 4 was changed"):
        call_command("verify_audit")
    superuser.execute("DELETE FROM ledger_event WHERE sequence = 5")
    with pytest.raises(CommandError, match=r"no longer agrees.*ends at event 4"):
        call_command("checkpoint_audit")
    err = StringIO()
    call_command("export_audit", out=tmp_path / "b.zip", stderr=err, stdout=StringIO())
    assert "evidence" in err.getvalue()
    assert verdict(tmp_path / "b.zip") == 1
