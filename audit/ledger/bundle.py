"""The audit bundle: events, checkpoints, public keys and the verifier in one file an auditor takes away."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from django.db import connection

from . import offline, places
from .actors import Actor
from .checkpoints import database_time, make_checkpoint, table_notes
from .errors import CheckpointRefused
from .export import describe, lines, record_export
from .keys import public_keys
from .merkle import levels, proof
from .models import Event
from .selectors import events_visible_to
from .types import EventFilters, Scope

FORMAT = "purser-audit-bundle/1"
GUIDE = Path(__file__).with_name("VERIFY.md")
VERIFIER = Path(offline.__file__)


@dataclass(frozen=True, slots=True)
class BundleReport:
    """What a bundle holds; `refused` says why the log could not be signed anew, empty when it could."""

    path: Path
    events: int
    signed: int
    refused: str


def export_bundle(*, path: Path, filters: EventFilters, by: Actor) -> BundleReport:
    """Write a bundle of the whole log, or of the events that match, each with its proof.

    Records `audit.export.made`, then makes a checkpoint so that the bundle is signed up to its end. When
    the log was rewritten nothing new is signed, and the bundle is made all the same: it is the evidence.
    A selection holds signed events only. The proofs take 64 bytes of memory per event of the whole log.
    """
    whole = filters == EventFilters()
    count = events_visible_to(Scope(everything=True), filters).count()
    record_export(by=by, filters=filters, count=count, format="bundle")
    refused = _checkpoint()
    made, notes = database_time(), _notes()
    signed = max(notes, default=0)
    partial = path.with_name(f".{path.name}.partial")
    with ZipFile(partial, "w", ZIP_DEFLATED, compresslevel=6) as archive:
        writer = _Writer(archive)
        written = writer.write("events.jsonl", _whole() if whole else _selected(filters, signed))
        _write_rest(writer, notes)
        manifest: dict[str, object] = {
            "format": FORMAT,
            "scope": "whole" if whole else "selection",
            "filters": describe(filters),
            "made": made.astimezone(UTC).isoformat(),
            "events": written,
            "signed": signed,
            "refused": refused,
            "files": writer.digests,
        }
        archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True))
    partial.replace(path)
    return BundleReport(path=path, events=written, signed=signed, refused=refused)


class _Writer:
    """Writes files into the archive and remembers the digest of each."""

    def __init__(self, archive: ZipFile) -> None:
        self.archive = archive
        self.digests: dict[str, str] = {}

    def write(self, name: str, parts: Iterable[bytes]) -> int:
        """Write one file; returns of how many parts it was made."""
        hashed, count = sha256(), 0
        with self.archive.open(name, "w", force_zip64=True) as file:
            for part in parts:
                file.write(part)
                hashed.update(part)
                count += 1
        self.digests[name] = hashed.hexdigest()
        return count


def _write_rest(writer: _Writer, notes: dict[int, set[str]]) -> None:
    for size, texts in sorted(notes.items()):
        for number, text in enumerate(sorted(texts)):
            # Two different notes of one size are a contradiction the verifier must see, so both are kept.
            writer.write(f"checkpoints/{size:012d}{f'-{number}' if number else ''}.txt", [text.encode()])
    for path in public_keys():
        writer.write(f"keys/{path.name}", [path.read_bytes()])
    writer.write("offline.py", [VERIFIER.read_bytes()])
    writer.write("VERIFY.md", [GUIDE.read_bytes()])


def _checkpoint() -> str:
    try:
        make_checkpoint()
    except CheckpointRefused as refusal:
        return str(refusal.detail["fault"])
    return ""


def _notes() -> dict[int, set[str]]:
    notes: dict[int, set[str]] = {}
    for text in [*places.all_notes(), *table_notes()]:
        lines_of = text.split("\n")
        size = int(lines_of[1]) if len(lines_of) > 1 and lines_of[1].isdigit() else 0
        notes.setdefault(size, set()).add(text)
    return notes


def _whole() -> Iterator[bytes]:
    return (f"{line}\n".encode() for _, line in lines(Event.objects.all()))


def _selected(filters: EventFilters, size: int) -> Iterator[bytes]:
    built = levels(_leaves(size))
    events = events_visible_to(Scope(everything=True), filters).filter(sequence__lte=size)
    for sequence, line in lines(events):
        path = ",".join(f'"{node.hex()}"' for node in proof(built, sequence - 1, size))
        yield line.replace('"actor":', f'"proof":[{path}],"actor":', 1).encode() + b"\n"


def _leaves(size: int) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(hash, ''::bytea ORDER BY sequence) FROM ledger_event WHERE sequence <= %s",
            [size],
        )
        (hashes,) = cursor.fetchone()
    # Events that are gone leave a gap that no proof can bridge; the verifier then says so.
    return bytes(hashes or b"").ljust(size * 32, b"\0")
