"""Reading the chain in bulk: the database builds what was hashed, Python hashes it, one chunk ahead of the other."""

from collections.abc import Generator
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection
from psycopg import sql

from .offline import GENESIS, Tampered

CHUNK_HEIGHT = 12
CHUNK = 1 << CHUNK_HEIGHT
_COLUMNS = sql.SQL("actor, actor_name, image, kind, person, project, subject, team, detail")

_CHUNKS = sql.SQL("""
COPY (
  SELECT start, chunk.*
    FROM generate_series({first}::bigint, {last}::bigint, {width}) AS start,
         LATERAL (
           SELECT array_agg(coalesce(ledger_entry(previous, sequence, at, {columns}), ''::bytea) ORDER BY sequence),
                  string_agg(previous, ''::bytea ORDER BY sequence),
                  string_agg(hash, ''::bytea ORDER BY sequence)
             FROM ledger_event
            WHERE sequence BETWEEN start AND least(start + {width} - 1, {last})
         ) AS chunk
) TO STDOUT (FORMAT BINARY)
""")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive events from `first` on whose hashes and links were found right; `hashes` are concatenated."""

    first: int
    hashes: bytes

    @property
    def count(self) -> int:
        """How many events it holds."""
        return len(self.hashes) // 32


def chunks(first: int, last: int) -> Generator[Chunk]:
    """The events `first` to `last`, verified on the way; raises Tampered naming the first bad one.

    Chunks start at `first` and have 4,096 events each, but for the last. While Python hashes one chunk the
    database prepares the next, so the connection is taken until the end: close the generator when leaving early.
    """
    if last < first:
        return
    numbers = {"first": sql.Literal(first), "last": sql.Literal(last), "width": sql.Literal(CHUNK)}
    head = hash_of(first - 1)
    with connection.cursor() as cursor, cursor.copy(_CHUNKS.format(columns=_COLUMNS, **numbers)) as copy:
        copy.set_types(["int8", "bytea[]", "bytea", "bytea"])
        for start, entries, links, hashes in copy.rows():
            found = _Found(start, entries or [], links or b"", hashes or b"", head)
            if len(found.entries) != min(CHUNK, last - start + 1) or not found.sound:
                raise found.first_fault()
            head = hashes[-32:]
            yield Chunk(first=start, hashes=hashes)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the database holds where a chunk should be: `entries` are the bytes each hash was made of."""

    first: int
    entries: list[bytes]
    links: bytes
    hashes: bytes
    head: bytes

    @property
    def sound(self) -> bool:
        """Whether every event follows the one before and has its own hash."""
        if self.links != self.head + self.hashes[:-32]:
            return False
        return b"".join([sha256(entry).digest() for entry in self.entries]) == self.hashes

    def first_fault(self) -> Tampered:
        """The first event that is missing, moved or changed, as an error to raise."""
        head = self.head
        for offset, entry in enumerate(self.entries):
            number, own = self.first + offset, self.hashes[32 * offset : 32 * offset + 32]
            if entry[33:41] != number.to_bytes(8, "big"):
                return Tampered(f"event {number} is missing", number)
            if entry[1:33] != head:
                return Tampered(f"event {number} does not follow the event before it", number)
            if sha256(entry).digest() != own:
                return Tampered(f"event {number} was changed", number)
            head = own
        number = self.first + len(self.entries)
        return Tampered(f"event {number} is missing", number)


def last_sequence() -> int:
    """The sequence of the newest event, 0 when there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(sequence), 0) FROM ledger_event")
        return int(cursor.fetchone()[0])


def hash_of(sequence: int) -> bytes:
    """The stored hash of an event; of event 0 the 32 zero bytes the chain starts from, of none nothing."""
    if sequence == 0:
        return GENESIS
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash FROM ledger_event WHERE sequence = %s", [sequence])
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""
