"""One request on one screen for the person who decides it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from approvals.requests.models import Message, Request
from approvals.requests.selectors import decidable_lanes, may_decide, waiting_reasons
from approvals.requests.staff import Deciders, Staff
from approvals.requests.states import RequestStatus, Verdict
from audit.ledger.selectors import events_visible_to
from audit.ledger.types import EventFilters
from portal.edges.scopes import history_scope
from portal.pages.access import viewer_of
from portal.pages.inbox.forms import DecisionForm
from portal.pages.inbox.presenters import similar_decisions
from portal.pages.requests.costing import costing_of
from portal.pages.requests.images import image_summary
from portal.pages.requests.presenters import (
    ENVIRONMENT_LABELS,
    images_text,
    lane_rows,
    people_text,
    policy_rows,
    role_text,
    sent_results,
    status_code,
    title_of,
)
from portal.pages.requests.timeline import changes_of
from portal.pages.shell import topic_versions

PEOPLE_SHOWN = 10
VERDICT_KEYS = ("approve", "deny", "ask")


def detail_of(
    http: HttpRequest,
    request: Request,
    staff: Staff,
    form: DecisionForm | None = None,
) -> dict[str, Any]:
    """What is asked, what changed, policy, people, earlier decisions, the conversation and the decision form.

    `request` is read by `with_counts` and `read_parts`, `staff` is of it and the viewer.
    """
    viewer = viewer_of(http)
    lanes = decidable_lanes(request, viewer, staff)
    deciders = staff.deciders.get(request.pk, {})
    refusal = None if lanes else may_decide(request, viewer, staff)
    count: int = request.people_count  # type: ignore[attr-defined]
    members = request.members.filter(left_out=False).select_related("person")
    return {
        "detail": request,
        "title": title_of(request),
        "status": status_code(request),
        "where": waiting_reasons([request], timezone.now(), staff.deciders).get(request.pk, ""),
        "people_text": people_text(count),
        "images_text": images_text(request),
        "role": role_text(request.role),
        "environment": ENVIRONMENT_LABELS[request.environment],
        "images": image_summary(request),
        "lanes": lane_rows(request, deciders),
        "costing": costing_of(request, viewer, people=count, decides=bool(lanes) or viewer.is_approver),
        "policy": policy_rows(sent_results(request)),
        "changes": revised(request),
        "people": list(members[:PEOPLE_SHOWN]),
        "more_people": count - PEOPLE_SHOWN,
        "contractors": request.contractor_count,  # type: ignore[attr-defined]
        "similar": similar_decisions(request, viewer),
        "conversation": _conversation(request),
        "form": form or decision_form(http, lanes),
        "may_decide": bool(lanes),
        "refusal": refusal.message if refusal else "",
        "can_decide": names_of(deciders) if refusal else [],
        "request_topic": request.label,
        "request_version": topic_versions(http, [request.label])[request.label],
    }


def _conversation(request: Request) -> list[Message]:
    """What was asked and answered; where nobody asked, there is nothing to read."""
    made = [decision.verdict for lane in request.lanes.all() for decision in lane.decisions.all()]
    return list(request.messages.select_related("author")) if Verdict.ASK in made else []


def decision_form(http: HttpRequest, lanes: list[str]) -> DecisionForm:
    """The form with the verdict that the key or button named."""
    verdict = http.GET.get("verdict", "")
    initial = {"verdict": verdict if verdict in VERDICT_KEYS else ""}
    return DecisionForm(lanes=lanes, initial=initial)


def names_of(deciders: Deciders) -> list[str]:
    """Everybody who can decide, each once."""
    return list(dict.fromkeys(person.name for people in deciders.values() for person in people))


def revised(request: Request) -> list[tuple[str, Any, Any]]:
    """What the last change after sending changed; nothing for a first revision or once decided."""
    if request.status != RequestStatus.PENDING:
        return []
    filters = EventFilters(subject=request.label, kind="approvals.request.revised")
    last = events_visible_to(history_scope(), filters).first()
    return list(changes_of(last.detail.get("changes") or {})) if last else []
