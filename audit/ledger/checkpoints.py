"""Checkpoints: every half minute the log's size and Merkle root are signed and written where no database reaches."""

import logging
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from . import places
from .actors import Actor
from .errors import CheckpointRefused, LedgerError
from .keys import public_keys, rotate_key, signing_key
from .models import Checkpoint
from .notes import origin_of, sign_note
from .offline import GENESIS, Tampered, Tree, one_view, open_note
from .services import audited, record
from .stream import chunks, hash_of, last_sequence

logger = logging.getLogger(__name__)

_LOCK = 7095217263184452
_INSERT = """
    INSERT INTO ledger_checkpoint (size, root, head, frontier, note, at) VALUES (%s, %s, %s, %s, %s, %s)
"""


@dataclass(slots=True)
class _Walk:
    """The tree so far, the hash of its last event, and the signed roots still to be met."""

    tree: Tree
    head: bytes
    roots: dict[int, bytes]


def make_checkpoint() -> Checkpoint | None:
    """Sign the log as it is, in every folder and in the table; None when nothing happened since the last one.

    First proves that the log continues what was signed before: raises CheckpointRefused when events up to
    the last checkpoint are gone, or the newest ones do not fit (`verify_audit` then walks the whole log).
    Raises LedgerError (`checkpoint_folder`) when a folder cannot be written; nothing is signed then.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        try:
            walk = _continue()
        except Tampered as fault:
            raise _refusal(fault) from fault
        if Checkpoint.objects.filter(size=walk.tree.size).exists() or not walk.tree.size:
            return None
        return _sign(walk, database_time())


def database_time() -> datetime:
    """Now, by the one clock that all processes share."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (moment,) = cursor.fetchone()
    return cast("datetime", moment)


def table_notes() -> Iterable[str]:
    """The text of every checkpoint in the table, oldest first."""
    return Checkpoint.objects.order_by("size").values_list("note", flat=True).iterator()


def _continue() -> _Walk:
    row, last = Checkpoint.objects.order_by("size").last(), last_sequence()
    walk = _resume(row, _signed_roots(row, last))
    _meet(walk)
    with closing(chunks(walk.tree.size + 1, last)) as stream:
        for chunk in stream:
            _extend(walk, chunk.hashes)
    return walk


def _extend(walk: _Walk, hashes: bytes) -> None:
    for at in range(0, len(hashes), 32):
        walk.head = hashes[at : at + 32]
        walk.tree.graft(walk.head, 0)
        _meet(walk)


def _signed_roots(row: Checkpoint | None, last: int) -> dict[int, bytes]:
    texts = [*places.latest_notes(), *([row.note] if row else [])]
    notes = [open_note(text, list(public_keys().values())) for text in texts]
    roots = one_view(notes)
    if max(roots, default=0) > last:
        raise Tampered(f"the log was cut: it ends at event {last}, later ones were signed", last + 1)
    if notes and notes[0].origin != origin_of(hash_of(1)):
        raise Tampered("the first event is not the one the checkpoints were made for", 1)
    return roots


def _resume(row: Checkpoint | None, roots: dict[int, bytes]) -> _Walk:
    if row is None:
        return _Walk(Tree(), GENESIS, roots)
    frontier = bytes(row.frontier)
    tree = Tree(row.size, [frontier[at : at + 32] for at in range(0, len(frontier), 32)])
    if hash_of(row.size) != bytes(row.head):
        raise Tampered(f"event {row.size} is not the one that was signed", row.size)
    return _Walk(tree, bytes(row.head), roots)


def _meet(walk: _Walk) -> None:
    signed = walk.roots.get(walk.tree.size)
    if signed is not None and walk.tree.root() != signed:
        size = walk.tree.size
        raise Tampered(f"the first {size} events are not those that were signed", size)


def _sign(walk: _Walk, now: datetime) -> Checkpoint:
    size, root, frontier = walk.tree.size, walk.tree.root(), b"".join(walk.tree.frontier)
    note = sign_note(origin=origin_of(hash_of(1)), size=size, root=root, made=now, key=signing_key())
    try:
        # Files first: after a crash between the two the next round meets the file's root on its way.
        places.write_note(size, note)
    except OSError as error:
        message = _("A checkpoint folder cannot be written.")
        raise LedgerError("checkpoint_folder", message, {"reason": str(error)}) from error
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [size, root, walk.head, frontier, note, now])
    return Checkpoint.objects.get(size=size)


def _refusal(fault: Tampered) -> CheckpointRefused:
    logger.critical("The audit ledger no longer agrees with its checkpoints: %s", fault)
    message = _("The audit ledger no longer agrees with its last checkpoint.")
    return CheckpointRefused("ledger_rewritten", message, {"fault": str(fault), "sequence": fault.sequence})


def change_key(*, by: Actor) -> Path:
    """Sign with a new key from now on; old public keys stay. Records `audit.key.rotated`; returns the public file."""
    with audited(by=by):
        path = rotate_key()
        record("audit.key.rotated", subject=f"key:{path.name}")
    return path
