"""Rows too many to chain one by one (pulls, tokens, usage): each batch commits its digest as one event."""

from collections.abc import Iterable
from hashlib import sha256
from re import fullmatch

from .errors import LedgerError
from .services import record
from .types import Detail


def digest_of(rows: Iterable[bytes]) -> str:
    """Hex SHA-256 over rows in order, each preceded by its length in 8 bytes, so that no two lists look alike."""
    hashed = sha256()
    for row in rows:
        hashed.update(len(row).to_bytes(8, "big") + row)
    return hashed.hexdigest()


def commit_batch(*, kind: str, subject: str, digest: str, count: int, detail: Detail | None = None) -> None:
    """Record that a batch of `count` rows with this digest (hex SHA-256) exists, e.g. subject `pulls:17`.

    Called inside `audited`, in the transaction that writes the rows. `detail` says how to find them again
    (first and last id). Raises LedgerError for a digest or count that cannot be one.
    """
    if not fullmatch("[0-9a-f]{64}", digest) or count < 1:
        raise LedgerError("bad_batch", f"{subject}: a batch has a SHA-256 in hex and at least one row.")
    record(kind, subject=subject, detail={**(detail or {}), "sha256": digest, "count": count})
