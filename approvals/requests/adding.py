"""Adding people to a draft's list: what was repaired, chosen or left out stays as it is."""

from collections.abc import Sequence
from datetime import datetime

from approvals.requests import steps
from approvals.requests.answers import checked
from approvals.requests.differences import snapshot
from approvals.requests.drafts import keep, require_draft
from approvals.requests.errors import DraftFault
from approvals.requests.models import Request, RequestMember
from approvals.requests.people_list import MAX_PEOPLE, Line
from approvals.requests.people_rows import RAW_LENGTH, write_rows
from approvals.requests.people_texts import explain_list_error
from approvals.requests.types import DraftChanges
from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.directory.list_errors import ListError


def add_people(
    *, request: Request, changes: DraftChanges, revision: int | None, by: Actor, now: datetime
) -> Request:
    """Append `people_text` or `people_lines` to a draft's list, after the lines that are there; looked up together.

    Records `approvals.request.edited`. Raises as `update_draft`, DraftFault also where the list becomes
    longer than 500.
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.editor(row, by)
        require_draft(row)
        steps.check_revision(row, revision, changes)
        before = snapshot(row)
        _append(row, checked(changes, viewer).lines or [])
        keep(row, before, by=by, now=now, viewer=viewer)
    return row


def _append(request: Request, lines: Sequence[Line]) -> None:
    rows = list(request.members.all())
    count = len(rows) + len(lines)
    if count > MAX_PEOPLE:
        error = ListError("too_many_people", {"limit": MAX_PEOPLE, "count": count})
        raise DraftFault({"people_text": explain_list_error(error)})
    last = max((row.position for row in rows), default=0)
    added = [
        RequestMember(position=last + place, raw=line.raw[:RAW_LENGTH])
        for place, line in enumerate(lines, start=1)
    ]
    write_rows(request, [*rows, *added])
