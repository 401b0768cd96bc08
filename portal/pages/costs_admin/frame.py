"""What the pages of keeping costs share: who may open them, their tabs, who changed something last."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.costs.settings import cost_settings
from audit.ledger.errors import PurserError
from audit.ledger.selectors import events_visible_to
from audit.ledger.types import EventFilters
from grants.directory.standing import Standing
from portal.edges.cost_faults import Said, faults_of
from portal.edges.scopes import history_scope
from portal.pages.access import viewer_of
from portal.pages.costs.wording import sign_of

SECTIONS: tuple[tuple[str, "str | Promise", str], ...] = (
    ("cost-rates", _("Rate card"), ""),
    ("cost-budgets", _("Budgets"), "budgets"),
    ("cost-reservations", _("Reservations"), "all"),
    ("cost-overhead", _("Overhead"), "all"),
    ("cost-invoice", _("Invoice"), "all"),
    ("cost-sources", _("Sources"), "all"),
    ("cost-settings", _("Settings"), "all"),
)
"""Address name, label, and what somebody must see to find it: prices are for everybody who is signed in."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Who changed something last, and when."""

    by: str
    at: datetime


def today() -> date:
    """The day it is in the reporting time zone."""
    return timezone.localdate()


def require_reader(request: HttpRequest) -> Standing:
    """The viewer, who sees every team's costs. Raises PermissionDenied."""
    viewer = viewer_of(request)
    if not viewer.sees_costs:
        raise PermissionDenied
    return viewer


def require_keeper(request: HttpRequest) -> Standing:
    """The viewer, who is an administrator. Raises PermissionDenied."""
    viewer = viewer_of(request)
    if not viewer.is_administrator:
        raise PermissionDenied
    return viewer


def draw(
    request: HttpRequest,
    page: str,
    context: Mapping[str, Any],
    *,
    form: BaseForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page `templates/pages/costs_admin/<page>.html` with the tabs; a form with errors makes it 422."""
    faulty = bool(form is not None and form.errors)
    given = {
        "tabs": tabs_of(request),
        "currency": sign_of(cost_settings().currency),
        "keeper": viewer_of(request).is_administrator,
        "form": form,
        **context,
    }
    told = 422 if faulty and status == 200 else status
    return render(request, f"pages/costs_admin/{page}.html", given, status=told)


def tabs_of(request: HttpRequest) -> list[dict[str, Any]]:
    """The tabs that this viewer may open, the present one marked."""
    viewer = viewer_of(request)
    powers = {"": True, "budgets": viewer.sees_costs or viewer.is_lead, "all": viewer.sees_costs}
    back = {"label": _("Costs"), "url": reverse("costs"), "current": False, "count": None}
    return [back] + [
        {"label": label, "url": url, "current": request.path.startswith(url), "count": None}
        for name, label, needs in SECTIONS
        if powers[needs] and (url := reverse(name))
    ]


def refuse(form: BaseForm, error: PurserError, fields: Mapping[str, str]) -> None:
    """Show a refusal beside the field that its code is about (`fields`: code or name -> field), else for all.

    Each of `detail["faults"]` is shown: names behind the refusal's own sentence, whole sentences by themselves.
    """
    faults = faults_of(error)
    named = fields.get(error.code, "")
    if named and faults and not any(fault.field for fault in faults):
        faults = [Said(named, error.code, f"{error.message} {', '.join(one.message for one in faults)}")]
    for fault in faults or [Said(named, error.code, error.message)]:
        name = fields.get(fault.field, fault.field)
        form.add_error(name if name in form.fields else None, fault.message)


def last_change(kind: str, subject: str = "") -> Changed | None:
    """Who last did something of a kind (a prefix at a dot) to a subject, from the ledger; one query."""
    found = events_visible_to(history_scope(), EventFilters(kind=kind, subject=subject)).first()
    return Changed(found.actor_name or found.actor, found.at) if found else None
