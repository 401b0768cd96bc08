"""Saving answers from a form: one call for drafts and sent requests; what is refused goes back into the form."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from approvals.policy.texts import explain
from approvals.policy.types import Outcome
from approvals.requests import services
from approvals.requests.errors import DraftFault, NotSendable, StaleRequest
from approvals.requests.models import Request
from approvals.requests.types import DraftChanges
from portal.pages.access import acting
from portal.pages.markup import day_text
from portal.pages.requests.presenters import ENVIRONMENT_LABELS, role_text
from portal.pages.requests.wizard import sent

LABELS: Mapping[str, Promise] = {
    "project": gettext_lazy("Project"),
    "role": gettext_lazy("Role"),
    "environment": gettext_lazy("Environment"),
    "use_case": gettext_lazy("Use case"),
    "ticket": gettext_lazy("Ticket"),
    "starts": gettext_lazy("Start"),
    "days": gettext_lazy("Days"),
    "ends": gettext_lazy("End"),
    "gpu_type": gettext_lazy("GPU type"),
    "gpu_hours_per_week": gettext_lazy("GPU hours per person per week"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing was saved: the HTTP status, sentences of no single field, and what differs when stale."""

    status: int
    texts: tuple[str, ...] = ()
    compare: tuple[tuple[str, Any, Any], ...] = ()
    stale: str = ""


def revision_of(http: HttpRequest) -> int:
    """The revision the form was drawn from; 0, which is always stale, when it does not say."""
    written = http.POST.get("revision", "")
    return int(written) if written.isascii() and written.isdigit() else 0


def save(http: HttpRequest, request: Request, changes: DraftChanges) -> Request:
    """Keep the answers: of a draft as they are, of a sent request as its next revision. Raises as the services."""
    service = services.edit if sent(request) else services.update_draft
    return service(
        request=request,
        changes=changes,
        revision=revision_of(http),
        by=acting(http),
        now=timezone.now(),
    )


def keep(http: HttpRequest, request: Request, form: Form, changes: DraftChanges) -> Problem | None:
    """Save the answers of a form; None when they are saved. Field faults are put into the form."""
    try:
        save(http, request, changes)
    except StaleRequest as error:
        return stale(request, error, changes)
    except DraftFault as error:
        put_faults(form, error.detail["fields"])
        return Problem(422)
    except NotSendable as error:
        for text in reasons(error):
            form.add_error(None, text)
        return Problem(422)
    return None


def put_faults(form: Form, faults: Mapping[str, str]) -> None:
    """Show each sentence at its field, or above the form when the form has no such field."""
    for name, sentence in faults.items():
        form.add_error(name if name in form.fields else None, sentence)


def reasons(error: NotSendable) -> list[str]:
    """All that stops a request, as sentences: what is missing, then what policy blocks."""
    blocked = error.evaluation.of(Outcome.BLOCKED)
    return [str(one.message) for one in error.missing] + [explain(result) for result in blocked]


def stale(request: Request, error: StaleRequest, changes: DraftChanges) -> Problem:
    """Somebody saved first: say who, and show what is saved beside what was typed."""
    request.refresh_from_db()
    return Problem(409, compare=tuple(_differences(request, changes)), stale=error.message)


def _differences(request: Request, changes: DraftChanges) -> Iterable[tuple[str, str, str]]:
    for name, typed in changes.given().items():
        if name in LABELS:
            before, after = _shown(name, getattr(request, name)), _shown(name, typed)
            if before != after:
                yield str(LABELS[name]), before, after


def _shown(name: str, value: Any) -> str:
    if value is None or value == "":
        return ""
    if name == "role":
        return role_text(value)
    if name == "environment":
        return str(ENVIRONMENT_LABELS[value])
    return day_text(value) if name in ("starts", "ends") else str(value)
