"""The list of people as the members step shows it: rows in groups, counts, and a download of lines."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.requests.models import Request
from approvals.requests.people_match import State
from approvals.requests.people_rows import PersonRow
from approvals.requests.people_texts import state_label
from approvals.requests.selectors import people_rows
from portal.pages.markup import day_text

GROUPS: dict[str, Promise] = {
    "all": gettext_lazy("All"),
    "found": gettext_lazy("Found"),
    "held": gettext_lazy("Already has access"),
    "fixing": gettext_lazy("Needs fixing"),
    "repeated": gettext_lazy("Repeated"),
    "left_out": gettext_lazy("Left out"),
}
FIRST = ("fixing", "repeated", "left_out")
FORMULA = tuple("=+-@\t\r\n")
NAMED_LINES = 20


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One line of the list: its number, what was written, its group, what became of it, and ways to mend it."""

    position: int
    raw: str
    group: str
    state: str
    name: str
    hint: str
    suggestion: str
    candidates: Sequence[Any]
    repeated_of: int | None
    note: str
    colour: str
    code: str

    @property
    def included(self) -> bool:
        """Whether the line is in the list: neither left out nor repeated."""
        return self.group in ("found", "held", "fixing")


def person_lines(request: Request) -> list[PersonLine]:
    """Every line of the list, those that need fixing first; nothing is ever left away."""
    return sorted((_line(row) for row in people_rows(request)), key=_place)


def in_group(lines: Sequence[PersonLine], group: str) -> Sequence[PersonLine]:
    """The lines of one group; all for no group."""
    return [line for line in lines if line.group == group] if group in GROUPS and group != "all" else lines


def place_of(lines: Sequence[PersonLine], position: int) -> int:
    """How many of these lines stand before the one at `position`; 0 where it is not among them."""
    return next((place for place, line in enumerate(lines) if line.position == position), 0)


def group_counts(lines: Iterable[PersonLine]) -> dict[str, int]:
    """How many lines are in each group, and in all."""
    counts = Counter(line.group for line in lines)
    return {"all": counts.total(), **counts}


def chips(counts: dict[str, int], shown: str, url: str) -> list[dict[str, Any]]:
    """The groups that have lines, as tabs with their counts; the url keeps its other parameters."""
    join = "&" if "?" in url else "?"
    return [
        {
            "label": label,
            "url": url if group == "all" else f"{url}{join}show={group}",
            "current": group == shown,
            "count": counts[group],
        }
        for group, label in GROUPS.items()
        if counts.get(group)
    ]


def lines_csv(request: Request, lines: Sequence[PersonLine]) -> HttpResponse:
    """A spreadsheet of lines to be mended elsewhere: UTF-8 with byte order mark, nothing in it runs."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([_("Line"), _("You wrote"), _("State"), _("Suggestion")])
    for line in lines:
        writer.writerow([line.position, safe_cell(line.raw), line.state, safe_cell(line.suggestion)])
    return spreadsheet(text.getvalue(), f"{request.number}-lines.csv")


def spreadsheet(text: str, name: str) -> HttpResponse:
    """A CSV file to download; its byte order mark tells Excel that it is UTF-8."""
    response = HttpResponse("\ufeff" + text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def faulty_summary(lines: Sequence[PersonLine]) -> list[tuple[str, str]]:
    """What the error summary says of the lines that need fixing: how many, then each with a link to its row."""
    faulty = [line for line in lines if line.group == "fixing"]
    if not faulty:
        return []
    words = _("%(faulty)d of %(count)d lines need fixing. Fix them, or remove them for now")
    first = ("#people", words % {"faulty": len(faulty), "count": len(lines)})
    named = [
        (f"#line-{line.position}", _("Line %(line)d: %(text)s") % {"line": line.position, "text": line.raw})
        for line in faulty[:NAMED_LINES]
    ]
    return [first, *named]


def _place(line: PersonLine) -> tuple[int, int]:
    return FIRST.index(line.group) if line.group in FIRST else len(FIRST), line.position


def _line(row: PersonRow) -> PersonLine:
    found, member = row.found, row.row
    group = _group(row)
    people = found.candidates
    known = (
        people[0] if len(people) == 1 else next((p for p in people if p.person_id == found.person_id), None)
    )
    return PersonLine(
        position=member.position,
        raw=member.raw,
        group=group,
        state=_("Left out") if group == "left_out" else state_label(found.state),
        name=known.name if known else "",
        hint=known.hint if known else "",
        suggestion=found.suggestion or "",
        candidates=people if found.state is State.AMBIGUOUS else (),
        repeated_of=found.repeated_of,
        note=_note(row, group),
        code=found.state,
        colour={"fixing": "bad", "found": "ok", "held": "info"}.get(group, "plain"),
    )


def _group(row: PersonRow) -> str:
    if row.found.state is State.REPEATED:
        return "repeated"
    if row.row.left_out:
        return "left_out"
    if row.needs_fixing:
        return "fixing"
    return "held" if row.found.state is State.ALREADY_HAS_ACCESS else "found"


def _note(row: PersonRow, group: str) -> str:
    """What else to know of a line, as one sentence."""
    state, person = row.found.state, row.row.person
    if state is State.REPEATED:
        return _("Same person as line %(line)d. Left out for you") % {"line": row.found.repeated_of}
    if state is State.INACTIVE and person is not None and person.disabled_at:
        return _("Account closed on %(day)s") % {"day": day_text(person.disabled_at)}
    if state is State.AMBIGUOUS:
        return _("People with this name: %(count)d") % {"count": len(row.found.candidates)}
    return state_label(state) if group == "left_out" and state is not State.FOUND else ""


def safe_cell(text: str) -> str:
    """The text so that no spreadsheet runs it as a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text
