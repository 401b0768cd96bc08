"""The steps of writing a request: which there are, which are done, and where to go next."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.requests.errors import Conflict, NotAllowed
from approvals.requests.models import Request
from approvals.requests.people_match import NEEDS_FIXING
from approvals.requests.selectors import may_edit, requests_visible_to
from approvals.requests.states import OPEN, RequestStatus
from portal.pages.access import viewer_of
from portal.pages.requests.presenters import step_url

STEPS: dict[str, Promise] = {
    "project": gettext_lazy("Project and role"),
    "images": gettext_lazy("Images"),
    "members": gettext_lazy("Members"),
    "purpose": gettext_lazy("Why and how long"),
}
CHECK = gettext_lazy("Check your answers")


@dataclass(frozen=True, slots=True)
class Lines:
    """How many lines of a list are in it, and how many of those need fixing."""

    included: int
    faulty: int


def visible(http: HttpRequest, pk: int) -> Request:
    """The request, if the viewer may see it; else Http404."""
    return get_object_or_404(requests_visible_to(viewer_of(http)), pk=pk)


def editable(http: HttpRequest, pk: int) -> Request:
    """The request, if the viewer may change it now. Raises Http404, NotAllowed, Conflict when it is closed."""
    request = visible(http, pk)
    if not may_edit(request, viewer_of(http)):
        words = _("Only the requester and the leads of the project's team can change this request.")
        raise NotAllowed("not_an_editor", words)
    if request.status not in OPEN:
        words = _("This request is closed, so it can no longer be changed. Start another one like it.")
        raise Conflict("wrong_status", words, {"status": request.status})
    return request


def posted(http: HttpRequest) -> QueryDict | None:
    """What was posted, an empty post too; None for a visit."""
    return http.POST if http.method == "POST" else None


def sent(request: Request) -> bool:
    """Whether the request waits for approval: a change then makes a new revision."""
    return request.status == RequestStatus.PENDING


def count_lines(request: Request) -> Lines:
    """How far the list of people is: one query."""
    return lines_of(request.members.filter(left_out=False).values_list("state", flat=True))


def lines_of(states: Iterable[str]) -> Lines:
    """The same from the states of the lines that are in the list."""
    found = list(states)
    return Lines(included=len(found), faulty=sum(state in NEEDS_FIXING for state in found))


def step_list(request: Request | None, current: str, lines: Lines | None = None) -> list[dict[str, Any]]:
    """The steps for the list above the form; `request` is None before the first is saved.

    `lines` are those of `count_lines`, where they are at hand.
    """
    states = _states(request, lines or count_lines(request)) if request else {}
    steps = [
        {
            "label": label,
            "url": step_url(request, step) if request else "",
            "state": "current" if step == current else states.get(step, "todo"),
        }
        for step, label in STEPS.items()
    ]
    if request and sent(request):
        return steps
    url = reverse("request-check", args=[request.pk]) if request else ""
    return [*steps, {"label": CHECK, "url": url, "state": "current" if current == "check" else "todo"}]


def first_open_step(request: Request) -> str:
    """Where to carry on with a draft: the first step that is not done, or the check page."""
    states = _states(request, count_lines(request))
    step = next((name for name, state in states.items() if state != "done"), "")
    return step_url(request, step) if step else reverse("request-check", args=[request.pk])


def next_url(http: HttpRequest, request: Request, step: str) -> str:
    """Where a saved step leads: back to the check page when it was opened from there, else to the next step."""
    if http.POST.get("later"):
        return reverse("request-detail", args=[request.pk])
    names = [*STEPS]
    following = names[names.index(step) + 1 :]
    if returns_to_check(http) or sent(request) or not following:
        return reverse("request-detail" if sent(request) else "request-check", args=[request.pk])
    return step_url(request, following[0])


def returns_to_check(http: HttpRequest) -> bool:
    """Whether the step was opened by a "Change" link of the check page."""
    return (http.POST.get("return") or http.GET.get("return")) == "check"


def _states(request: Request, lines: Lines) -> dict[str, str]:
    done = {
        "project": request.project_id is not None,
        "images": request.images.exists(),
        "members": bool(lines.included),
        "purpose": bool(request.use_case.strip()),
    }
    states = {step: "done" if finished else "todo" for step, finished in done.items()}
    return states | ({"members": "error"} if lines.faulty else {})
