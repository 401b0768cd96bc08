"""Walking the whole log: every hash, every link, and every signed checkpoint wherever it is kept."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass

from django.db import connection, transaction

from . import places
from .checkpoints import table_notes
from .keys import public_keys
from .merkle import fold, levels, peaks
from .notes import origin_of
from .offline import Tampered, Tree, one_view, open_note
from .stream import CHUNK, CHUNK_HEIGHT, Chunk, chunks, hash_of, last_sequence


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found right: how many events, how many of them signed, by how many checkpoints."""

    events: int
    signed: int
    checkpoints: int


def verify_log() -> Verified:
    """Verify the log in the database against the checkpoints in the table and in every folder.

    Raises offline.Tampered at the first fault, with the sequence concerned where one can be named. What
    was appended after the last checkpoint is verified as a chain only.
    """
    with transaction.atomic():
        roots, last, tree = _signed_roots(), last_sequence(), Tree()
        _refuse_strays()
        with closing(chunks(1, last)) as stream:
            for chunk in stream:
                tree = _grow(tree, chunk, roots)
    signed = max(roots, default=0)
    if signed > last:
        raise Tampered(
            f"the log was cut: events {last + 1} to {signed} were signed and are missing", last + 1
        )
    return Verified(events=last, signed=signed, checkpoints=len(roots))


def _signed_roots() -> dict[int, bytes]:
    keys = list(public_keys().values())
    notes = [open_note(text, keys) for text in {*places.all_notes(), *table_notes()}]
    if notes and hash_of(1) and notes[0].origin != origin_of(hash_of(1)):
        raise Tampered("the first event is not the one the checkpoints were made for", 1)
    return one_view(notes)


def _grow(tree: Tree, chunk: Chunk, roots: Mapping[int, bytes]) -> Tree:
    built, start = levels(chunk.hashes), tree.size
    for size in range(start + 1, start + chunk.count + 1):
        if size in roots and fold(tree.frontier + peaks(built, size - start)) != roots[size]:
            raise Tampered(f"the first {size} events are not those that were signed", size)
    if chunk.count < CHUNK:
        return Tree(start + chunk.count, tree.frontier + peaks(built, chunk.count))
    tree.graft(built[-1], CHUNK_HEIGHT)
    return tree


def _refuse_strays() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(sequence) FROM ledger_event WHERE sequence < 1")
        (stray,) = cursor.fetchone()
    if stray is not None:
        raise Tampered(f"event {stray} lies before the first event", stray)
