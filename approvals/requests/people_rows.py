"""The list of people of a request: the rows kept, and what is known of each line now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from approvals.requests.models import Request, RequestMember
from approvals.requests.people_list import Line, read_entry
from approvals.requests.people_match import NEEDS_FIXING, Directory, ResolvedLine, State, resolve
from grants.directory.lookup import DirectoryLookup
from grants.lifecycle.models import GrantMember
from grants.lifecycle.states import LIVE, Role

RAW_LENGTH = RequestMember._meta.get_field("raw").max_length or 0  # noqa: SLF001 - Django's public name for it
RANKS = [Role.VIEWER, Role.DEVELOPER, Role.ADMIN]


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One line as the page shows it: the kept row and the present answer with suggestion and candidates."""

    row: RequestMember
    found: ResolvedLine

    @property
    def needs_fixing(self) -> bool:
        """Whether the line stops the request: it is in the list and means nobody who can get access."""
        return self.found.needs_fixing and not self.row.left_out


def people_rows(request: Request) -> list[PersonRow]:
    """Every line of the list with suggestions and namesakes; about eight queries, however many lines."""
    rows = list(request.members.select_related("person"))
    found = {line.line.number: line for line in _resolved(request, rows)}
    return [PersonRow(row, found[row.position]) for row in rows]


def write_list(request: Request, lines: Sequence[Line]) -> None:
    """Replace the whole list by these lines, looked up anew. Repeated lines are left out by themselves."""
    rows = [RequestMember(position=line.number, raw=line.raw[:RAW_LENGTH]) for line in lines]
    write_rows(request, rows)


def write_rows(request: Request, rows: Sequence[RequestMember]) -> None:
    """Look the rows up anew and keep them: what each says (`raw`), whom was chosen, what is left out."""
    request.members.all().delete()
    found = {line.line.number: line for line in _resolved(request, rows)}
    RequestMember.objects.bulk_create(_kept(request, row, found[row.position]) for row in rows)


def numbered(entries: Iterable[str]) -> list[Line]:
    """Entries that are already separated, as lines numbered from 1; empty ones are passed over."""
    lines: list[Line] = []
    for entry in entries:
        line = read_entry(entry, len(lines) + 1)
        if line:
            lines.append(line)
    return lines


def faulty(rows: Iterable[RequestMember]) -> list[RequestMember]:
    """The rows that stop the request."""
    return [row for row in rows if row.state in NEEDS_FIXING and not row.left_out]


def set_aside(row: RequestMember) -> bool:
    """Whether somebody left the line out; a repeated line is left out by itself."""
    return row.left_out and row.state != State.REPEATED


def holders(request: Request) -> frozenset[int]:
    """The persons who already hold all images of the request, with its role or a stronger one."""
    images = set(request.images.values_list("image_id", flat=True))
    if not images:
        return frozenset()
    rows = GrantMember.objects.filter(
        removed_at=None,
        grant__status__in=LIVE,
        grant__role__in=RANKS[RANKS.index(Role(request.role)) :],
        grant__images__image__in=images,
        grant__images__removed_at=None,
    )
    held: dict[int, set[int]] = {}
    for person_id, image_id in rows.values_list("person_id", "grant__images__image_id"):
        held.setdefault(person_id, set()).add(image_id)
    return frozenset(person_id for person_id, found in held.items() if found == images)


def _resolved(request: Request, rows: Sequence[RequestMember]) -> list[ResolvedLine]:
    """The lines in the list together, so that repetition is found; the others each by itself."""
    lookup, held = cast(Directory, DirectoryLookup()), holders(request)
    chosen = {row.position: row.person_id for row in rows if row.person_id is not None}
    inside = [_line(row) for row in rows if not set_aside(row)]
    outside = [_line(row) for row in rows if set_aside(row)]
    return resolve(inside, lookup, holders=held, chosen=chosen) + _apart(outside, lookup, held, chosen)


def _apart(
    lines: Sequence[Line], lookup: Directory, held: Collection[int], chosen: Mapping[int, int]
) -> list[ResolvedLine]:
    """Lines outside the list repeat nobody: a repetition among them is said as the first was."""
    found = resolve(lines, lookup, holders=held, chosen=chosen) if lines else []
    first = {line.line.number: line for line in found}
    return [
        ResolvedLine(one.line, first[one.repeated_of].state, one.person_id, one.candidates)
        if one.repeated_of
        else one
        for one in found
    ]


def _line(row: RequestMember) -> Line:
    return read_entry(row.raw, row.position) or Line(row.position, row.raw, row.raw)


def _kept(request: Request, row: RequestMember, found: ResolvedLine) -> RequestMember:
    return RequestMember(
        request=request,
        position=row.position,
        raw=row.raw,
        person_id=found.person_id,
        state=found.state,
        left_out=set_aside(row) or found.state is State.REPEATED,
    )
