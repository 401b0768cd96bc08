"""Mending a list of people in place, one line or all faulty lines at once; good lines are never lost."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from approvals.requests import steps
from approvals.requests.differences import snapshot
from approvals.requests.drafts import keep, require_draft
from approvals.requests.errors import NotFound, RequestError
from approvals.requests.models import Request, RequestMember
from approvals.requests.people_list import read_entry
from approvals.requests.people_match import State
from approvals.requests.people_rows import PersonRow, faulty, people_rows, write_rows
from audit.ledger.actors import Actor
from audit.ledger.services import audited

Repair = Callable[[PersonRow, str, Sequence[PersonRow]], None]


def repair_line(
    *,
    request: Request,
    position: int,
    action: str,
    value: str = "",
    revision: int | None = None,
    by: Actor,
    now: datetime,
) -> Request:
    """Mend the line at `position` of a draft; the revision goes up by one.

    `use` and `edit` replace what was written by `value`; `choose` takes the person whose id is `value` among
    the line's namesakes; `remove` leaves the line out; `keep` and `undo` take it back (undo of a repeated
    line leaves the other one out instead). Records `approvals.request.edited`. Raises NotFound
    `no_such_line`, RequestError `bad_repair`, otherwise as `update_draft`.
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.editor(row, by)
        require_draft(row)
        steps.check_revision(row, revision)
        before, rows = snapshot(row), people_rows(row)
        _repair(rows, position, action, value)
        write_rows(row, [line.row for line in rows])
        keep(row, before, by=by, now=now, viewer=viewer)
    return row


def leave_out_faulty(*, request: Request, revision: int | None = None, by: Actor, now: datetime) -> Request:
    """Leave out every line that needs fixing, to be mended later; they stay in the draft.

    Records `approvals.request.edited`. Raises as `update_draft`.
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.editor(row, by)
        require_draft(row)
        steps.check_revision(row, revision)
        before, rows = snapshot(row), list(row.members.all())
        for line in faulty(rows):
            line.left_out = True
        write_rows(row, rows)
        keep(row, before, by=by, now=now, viewer=viewer)
    return row


def _repair(rows: Sequence[PersonRow], position: int, action: str, value: str) -> None:
    line = next((line for line in rows if line.row.position == position), None)
    if line is None:
        words = _("There is no line %(line)d in this list.") % {"line": position}
        raise NotFound("no_such_line", words, {"line": position})
    if action not in REPAIRS:
        raise _bad(_("This line cannot be mended in that way."), line.row)
    REPAIRS[action](line, value, rows)


def _edit(line: PersonRow, value: str, rows: Sequence[PersonRow]) -> None:
    entry = read_entry(value, line.row.position)
    if entry is None:
        raise _bad(_("Enter an e-mail address, a user name or an employee number"), line.row)
    line.row.raw, line.row.person, line.row.left_out = entry.raw, None, False


def _choose(line: PersonRow, value: str, rows: Sequence[PersonRow]) -> None:
    offered = {str(candidate.person_id): candidate.person_id for candidate in line.found.candidates}
    if value not in offered:
        raise _bad(_("Choose one of the people offered for this line"), line.row)
    line.row.person_id, line.row.left_out = offered[value], False


def _remove(line: PersonRow, value: str, rows: Sequence[PersonRow]) -> None:
    line.row.left_out, line.row.state = True, ""


def _take_back(line: PersonRow, value: str, rows: Sequence[PersonRow]) -> None:
    if line.row.state == State.REPEATED:
        first = next(other for other in rows if other.row.position == line.found.repeated_of)
        _remove(first, value, rows)
    line.row.left_out = False


REPAIRS: Mapping[str, Repair] = {
    "use": _edit,
    "edit": _edit,
    "choose": _choose,
    "remove": _remove,
    "keep": _take_back,
    "undo": _take_back,
}


def _bad(words: str, row: RequestMember) -> RequestError:
    return RequestError("bad_repair", words, {"line": row.position})
