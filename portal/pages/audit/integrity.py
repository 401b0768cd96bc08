"""Whether one event still is what was written: its own hash, its link, and the first checkpoint that signed it."""

from contextlib import closing
from dataclasses import dataclass

from audit.ledger.models import Checkpoint, Event
from audit.ledger.offline import Tampered
from audit.ledger.stream import chunks


@dataclass(frozen=True)
class Integrity:
    """What was found: `sound` says hash and link are right; `checkpoint` is None while nothing has signed it."""

    sound: bool
    fault: str
    previous: str
    own: str
    checkpoint: Checkpoint | None


def integrity_of(event: Event) -> Integrity:
    """Check one event against the one before it, now, in the database."""
    fault = ""
    try:
        with closing(chunks(event.sequence, event.sequence)) as stream:
            list(stream)
    except Tampered as found:
        fault = str(found)
    signed = Checkpoint.objects.filter(size__gte=event.sequence).order_by("size").first()
    return Integrity(not fault, fault, bytes(event.previous).hex(), bytes(event.hash).hex(), signed)
