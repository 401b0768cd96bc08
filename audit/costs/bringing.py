"""Files of usage brought by people and commands: read whole, looked at first where wanted, then stored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from audit.costs.changes import LoadPreview
from audit.costs.intake import preview_reading, take
from audit.costs.models import Load, Source
from audit.costs.records import Reading
from audit.costs.sources.files import read_file
from audit.ledger.actors import Actor


@dataclass(frozen=True, slots=True)
class FileLook:
    """What a file says before it is stored: its readings, what they would change, its SHA-256."""

    readings: tuple[Reading, ...]
    preview: LoadPreview
    digest: str


def look_at_file(*, source: Source, data: bytes, name: str, format: str, now: datetime) -> FileLook:  # noqa: A002
    """Read a file and say what storing it would change. Raises CostError `bad_file` with every fault."""
    readings = readings_of(data, name=name, format=format, now=now)
    preview = preview_reading(source=source, readings=readings, now=now)
    return FileLook(tuple(readings), preview, sha256(data).hexdigest())


def bring_file(
    *,
    source: Source,
    data: bytes,
    name: str,
    format: str,  # noqa: A002
    by: Actor,
    now: datetime,
) -> Load:
    """Store a file. Raises CostError `bad_file` or `bad_readings` with every fault, CostConflict `claimed`."""
    readings = readings_of(data, name=name, format=format, now=now)
    digest = sha256(data).hexdigest()
    return take(source=source, readings=readings, file_name=name, by=by, now=now, digest=digest)


def readings_of(data: bytes, *, name: str, format: str, now: datetime) -> Sequence[Reading]:  # noqa: A002
    """What a file says. Days that are not over are not complete: a file of this morning ends this morning."""
    found = read_file(data, name=name, format=format)
    return [replace(one, complete=one.complete and one.end <= now) for one in found]
