"""The people of a request that was sent: one text, saved as the next revision or not at all."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from approvals.requests.models import Request
from approvals.requests.selectors import people_rows
from approvals.requests.types import DraftChanges
from portal.pages.requests.forms import PeopleForm
from portal.pages.requests.saving import Problem, keep
from portal.pages.requests.wizard import next_url, posted, step_list


def sent_members_step(http: HttpRequest, request: Request) -> HttpResponse:
    """Show the whole list as text; saving it asks all approvers again."""
    form = PeopleForm(posted(http), initial={"people_text": "\n".join(_written(request))})
    form.fields["people_text"].label = _("People of this request")
    problem: Problem | None = None
    if form.is_bound:
        changes = DraftChanges(people_text=http.POST.get("people_text", ""))
        problem = keep(http, request, form, changes) if form.is_valid() else Problem(422)
        if problem is None:
            messages.success(http, _("The request was changed. All approvers are asked again."))
            return redirect(next_url(http, request, "members"))
    context: dict[str, Any] = {
        "form": form,
        "request_row": request,
        "problem": problem,
        "has_errors": problem is not None,
        "steps": step_list(request, "members"),
        "sent": True,
    }
    status = problem.status if problem else 200
    return render(http, "pages/requests/step_members_sent.html", context, status=status)


def _written(request: Request) -> list[str]:
    """Each person as written; by user name where the words alone would mean several people."""
    rows = [row for row in people_rows(request) if not row.row.left_out]
    return [
        row.row.person.user_name if row.row.person and len(row.found.candidates) > 1 else row.row.raw
        for row in rows
    ]
