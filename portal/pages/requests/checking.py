"""Check your answers: everything that would be sent, what policy says, who decides, and sending it."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from approvals.policy.texts import lane_label
from approvals.policy.types import Outcome
from approvals.requests import services
from approvals.requests.errors import NotSendable, StaleRequest
from approvals.requests.models import Request
from approvals.requests.types import DraftChanges, Preview
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.requests.costing import costing_of
from portal.pages.requests.images import image_summary
from portal.pages.requests.presenters import (
    ENVIRONMENT_LABELS,
    MISSING_STEPS,
    LaneRow,
    names_of,
    policy_rows,
    role_text,
    step_url,
)
from portal.pages.requests.saving import revision_of, stale
from portal.pages.requests.wizard import editable, lines_of, sent, step_list

FIRST_NAMES = 5


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def request_check(http: HttpRequest, pk: int) -> HttpResponse:
    """Show all answers with policy's results and the named approvers; a post sends the request.

    What blocks it is listed in the error summary: the button itself is never switched off.
    """
    request = editable(http, pk)
    if sent(request):
        return redirect("request-detail", pk=pk)
    if http.method != "POST":
        return check_page(http, request)
    try:
        services.submit(request=request, revision=revision_of(http), by=acting(http), now=timezone.now())
    except StaleRequest as error:
        return check_page(http, request, status=409, notice=stale(request, error, DraftChanges()).stale)
    except NotSendable:
        return check_page(http, request, status=422)
    return redirect(f"{reverse('request-detail', args=[pk])}?sent=1")


def check_page(http: HttpRequest, request: Request, *, status: int = 200, notice: str = "") -> HttpResponse:
    """The page; with status 422 its error summary lists what blocks."""
    found = services.preview(request=request, now=timezone.now())
    rows = policy_rows(found.evaluation.results, lambda step: step_url(request, step, back=True))
    answers = answers_of(request, found.facts.images)
    context: dict[str, Any] = {
        "request_row": request,
        "answers": answers,
        "steps": step_list(request, "check", answers["lines"]),
        "policy": rows,
        "version": found.evaluation.version,
        "costing": costing_of(request, viewer_of(http), people=len(found.facts.members)),
        "deciding": [
            LaneRow(lane_label(lane.name), "waiting", names_of(lane.eligible), lane.due_at)
            for lane in found.lanes
        ],
        "people_count": len(found.facts.members),
        "changes": {
            step: step_url(request, step, back=True) for step in ("project", "images", "members", "purpose")
        },
        "errors": _blocking(request, found, rows) if status == 422 else [],
        "has_errors": status != 200,
        "notice": notice,
    }
    return render(http, "pages/requests/check.html", context, status=status)


def answers_of(request: Request, known: Sequence[Any] = ()) -> dict[str, Any]:
    """The answers in words, as the check page and the summary show them; `known` as for `image_summary`."""
    rows = list(request.members.filter(left_out=False).values_list("person__name", "raw", "state"))
    people = [name or raw for name, raw, _state in rows]
    return {
        "project": request.project,
        "role": role_text(request.role),
        "environment": ENVIRONMENT_LABELS[request.environment],
        "images": image_summary(request, known),
        "people": people,
        "first_people": people[:FIRST_NAMES],
        "more_people": people[FIRST_NAMES:],
        "lines": lines_of(state for _name, _raw, state in rows),
    }


def _blocking(request: Request, found: Preview, rows: list[Any]) -> list[tuple[str, str]]:
    """What stops the request, each with a link to where it is mended: missing answers, then blocked rules."""
    missing = [
        (step_url(request, MISSING_STEPS[one.field], back=True), str(one.message)) for one in found.missing
    ]
    blocked = [row for row in rows if row.outcome == Outcome.BLOCKED]
    return [*missing, *((f"#{row.anchor}", f"{row.rule}: {row.text}") for row in blocked)]
