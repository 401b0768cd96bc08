"""Offline verifier of an audit bundle: one file, Python 3.11 and `cryptography`, no Purser and no database.

    python offline.py bundle.zip --key public.pem [--key older.pem] [--checkpoints DIR]

docs/audit.md defines the formats; Purser itself uses the functions of this file.
"""

import sys

if __name__ == "__main__":
    # Run where it lies, this file must not find its neighbour `types` before Python's own.
    sys.path.pop(0)

import argparse
import base64
import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

GENESIS = bytes(32)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DIMENSIONS = ("actor", "actor_name", "image", "kind", "person", "project", "subject", "team")
_TEXT = r'"([^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*)"'
_NOTE = re.compile(r"(\S+)\n(0|[1-9]\d{0,17})\n(\S+)\ntime (\d{4}-\d\d-\d\dT\S+Z)")
_LINE = re.compile(
    r'\{"sequence":(\d{1,18}),"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)","previous":"([0-9a-f]{64})",'
    r'"hash":"([0-9a-f]{64})",(?:"proof":\[([0-9a-f",]*)\],)?'
    + "".join(f'"{name}":{_TEXT},' for name in DIMENSIONS)
    + r'"detail":(\{.*\})\}\n?'
)


class Tampered(Exception):
    """The log is not what was signed; `sequence` is the first event concerned, where one can be named."""

    def __init__(self, message: str, sequence: int | None = None) -> None:
        super().__init__(message)
        self.sequence = sequence


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a bundle; `at` is in microseconds since 2000-01-01 UTC, `body` the text that was hashed."""

    sequence: int
    at: int
    previous: bytes
    hash: bytes
    body: bytes
    proof: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint whose signature was verified; `made` by the database's clock."""

    origin: str
    size: int
    root: bytes
    made: datetime


def entry_hash(previous: bytes, sequence: int, at: int, body: bytes) -> bytes:
    """An event's hash, which is its RFC 6962 leaf hash: SHA-256 of 00, hash before, sequence, at, and body."""
    numbers = sequence.to_bytes(8, "big", signed=True) + at.to_bytes(8, "big", signed=True)
    return hashlib.sha256(b"\x00" + previous + numbers + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The parent of two Merkle nodes (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A growing RFC 6962 Merkle tree, kept as its frontier: the roots of the full subtrees, largest first."""

    def __init__(self, size: int = 0, frontier: Sequence[bytes] = ()) -> None:
        if len(frontier) != size.bit_count():
            raise Tampered(f"a tree of {size} events has {size.bit_count()} peaks, not {len(frontier)}")
        self.size = size
        self.frontier = list(frontier)

    def graft(self, node: bytes, height: int) -> None:
        """Append one event's hash (height 0), or the root of a full subtree of 2**height events at a multiple of it."""
        rest = self.size >> height
        while rest & 1:
            node, rest = node_hash(self.frontier.pop(), node), rest >> 1
        self.frontier.append(node)
        self.size += 1 << height

    def root(self) -> bytes:
        """The root over all events so far; of no events, the hash of nothing."""
        if not self.frontier:
            return hashlib.sha256().digest()
        return reduce(lambda right, left: node_hash(left, right), reversed(self.frontier))


def root_from_proof(event_hash: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root an inclusion proof leads to (RFC 9162, 2.1.3.2); raises Tampered if it cannot fit."""
    node, last = event_hash, size - 1
    if not 0 <= index < size:
        raise Tampered(f"event {index + 1} lies outside a log of {size}", index + 1)
    for step in proof:
        if not last:
            raise Tampered("an inclusion proof is too long")
        if index & 1 or index == last:
            node = node_hash(step, node)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            node = node_hash(node, step)
        index, last = index >> 1, last >> 1
    if last:
        raise Tampered("an inclusion proof is too short")
    return node


def key_hash(origin: str, key: Ed25519PublicKey) -> bytes:
    """The four bytes that name a key in a signed note (C2SP signed-note)."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(origin.encode() + b"\n\x01" + raw).digest()[:4]


def open_note(text: str, keys: Iterable[Ed25519PublicKey]) -> Note:
    """The checkpoint in a C2SP signed note, once a signature by one of `keys` holds; else raises Tampered."""
    body, _, signatures = text.rpartition("\n\n")
    match = _NOTE.fullmatch(body)
    if match is None:
        raise Tampered("a checkpoint is not a signed note")
    origin, size, root, made = match.groups()
    signed = (body + "\n").encode()
    if not any(_signs(line, origin, signed, list(keys)) for line in signatures.splitlines()):
        raise Tampered(f"the checkpoint of {size} events is not signed by a given key")
    return Note(origin, int(size), _unbase64(root), datetime.fromisoformat(made))


def _signs(line: str, origin: str, signed: bytes, keys: list[Ed25519PublicKey]) -> bool:
    dash, _, rest = line.partition(" ")
    name, _, encoded = rest.rpartition(" ")
    raw = _unbase64(encoded)
    if dash != "—" or name != origin or len(raw) != 68:
        return False
    with suppress(InvalidSignature):
        for key in (key for key in keys if key_hash(origin, key) == raw[:4]):
            key.verify(raw[4:], signed)
            return True
    return False


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Tampered("a checkpoint holds broken base64") from None


def one_view(notes: Iterable[Note]) -> dict[int, bytes]:
    """Size -> root of all notes; raises Tampered when two notes of one log disagree (a split view)."""
    roots: dict[int, bytes] = {}
    origins = set()
    for note in notes:
        origins.add(note.origin)
        if roots.setdefault(note.size, note.root) != note.root:
            raise Tampered(f"two checkpoints of {note.size} events disagree")
    if len(origins) > 1:
        raise Tampered(f"checkpoints of several logs: {', '.join(sorted(origins))}")
    return roots


def read_line(raw: bytes) -> Line:
    """One line of events.jsonl; raises Tampered if it has another form."""
    match = _LINE.fullmatch(raw.decode())
    if match is None:
        raise Tampered(f"a line of events.jsonl has a strange form: {raw[:80]!r}")
    sequence, at, previous, own, proof, *texts, detail = match.groups()
    body = "\n".join([json.loads(f'"{text}"') if "\\" in text else text for text in texts] + [detail])
    path = tuple(map(bytes.fromhex, re.findall("[0-9a-f]{64}", proof or "")))
    moment = (datetime.fromisoformat(at) - EPOCH) // MICROSECOND
    return Line(int(sequence), moment, bytes.fromhex(previous), bytes.fromhex(own), body.encode(), path)


def check_chain(lines: Iterable[Line], roots: Mapping[int, bytes], signed: int) -> int:
    """Verify a whole log: numbers, links, hashes, signed roots, and that it reaches `signed`; returns its size."""
    tree, head = Tree(), GENESIS
    for line in lines:
        number = tree.size + 1
        if line.sequence != number:
            raise Tampered(f"event {number} is missing or out of place (found {line.sequence})", number)
        if line.previous != head:
            raise Tampered(f"event {number} does not follow the event before it", number)
        _check_hash(line)
        head = line.hash
        tree.graft(head, 0)
        if number in roots and tree.root() != roots[number]:
            raise Tampered(f"the first {number} events are not those that were signed", number)
    if signed > tree.size:
        raise Tampered(f"events {tree.size + 1} to {signed} were signed and are missing", tree.size + 1)
    return tree.size


def _check_hash(line: Line) -> None:
    if entry_hash(line.previous, line.sequence, line.at, line.body) != line.hash:
        raise Tampered(f"event {line.sequence} was changed", line.sequence)


def check_selection(lines: Iterable[Line], root: bytes, signed: int) -> int:
    """Verify selected events, each by its proof of inclusion in the log of `signed` events; returns how many."""
    last, count = 0, 0
    for line in lines:
        if line.sequence <= last:
            raise Tampered(f"event {line.sequence} is repeated or out of place", line.sequence)
        _check_hash(line)
        if root_from_proof(line.hash, line.sequence - 1, signed, line.proof) != root:
            raise Tampered(f"event {line.sequence} is not in the signed log", line.sequence)
        last, count = line.sequence, count + 1
    return count


def _check_files(archive: zipfile.ZipFile, digests: Mapping[str, str]) -> None:
    # This finds damage; malice is found by the signatures.
    for name, digest in digests.items():
        if hashlib.sha256(archive.read(name)).hexdigest() != digest:
            raise Tampered(f"{name} is not the file named in the manifest")


def verify_bundle(path: Path, keys: Sequence[Ed25519PublicKey], places: Sequence[Path] = ()) -> list[str]:
    """What was verified, and its limits, in sentences; raises Tampered at the first fault."""
    outside = [file.read_text("utf-8") for place in places for file in sorted(place.rglob("*.txt"))]
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        names = [name for name in archive.namelist() if name.startswith("checkpoints/")]
        own = [open_note(archive.read(name).decode(), keys) for name in names]
        notes = own + [open_note(text, keys) for text in outside]
        roots, lines = one_view(notes), map(read_line, archive.open("events.jsonl"))
        if manifest["scope"] == "whole":
            # A checkpoint made after the bundle signs events the bundle cannot have.
            due = [note.size for note in notes if note.made <= datetime.fromisoformat(manifest["made"])]
            said = _whole(check_chain(lines, roots, max(due, default=0)), max(due, default=0), len(outside))
        else:
            signed = max((note.size for note in own), default=0)
            count = check_selection(lines, roots.get(signed, b""), signed)
            said = [f"{count} events are in the signed log of {signed}. Limit: others may match, too."]
        _check_files(archive, manifest["files"])
    return [f"The log as of {manifest['made']}, {len(roots)} signed checkpoints.", *said]


def _whole(events: int, signed: int, outside: int) -> list[str]:
    if not signed:
        raise Tampered("no signed checkpoint vouches for this log")
    said = [f"{events} events are unbroken, and events 1 to {signed} are exactly those that were signed."]
    if events > signed:
        said.append(f"Limit: the last {events - signed} events are chained but not yet signed.")
    if not outside:
        said.append(
            "Limit: a tail cut off with its checkpoints shows only against checkpoints kept elsewhere."
        )
    return said


def load_key(path: Path) -> Ed25519PublicKey:
    """The Ed25519 public key in a PEM file; raises TypeError for another kind."""
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError(f"{path} holds no Ed25519 public key")
    return key


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 verified, 1 tampered with, 2 not readable."""
    parser = argparse.ArgumentParser(description="Verify an audit bundle of Purser without Purser.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", type=Path, action="append", required=True, help="public key (PEM)")
    parser.add_argument("--checkpoints", type=Path, action="append", default=[], help="folder kept elsewhere")
    options = parser.parse_args(arguments)
    try:
        said = verify_bundle(options.bundle, [load_key(path) for path in options.key], options.checkpoints)
    except Tampered as fault:
        sys.stdout.write(f"NOT VERIFIED: {fault}.\n")
        return 1
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile) as fault:
        sys.stderr.write(f"Cannot read: {fault}\n")
        return 2
    sys.stdout.write("VERIFIED. " + "\n".join(said) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
