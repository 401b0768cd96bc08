"""Budgets of teams and cost centres: listed, made, changed, removed, and brought by a file."""

import csv
import io
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from audit.costs.budgets import remove_budget, set_budget
from audit.costs.listing import budgets_in, running_on
from audit.costs.models import Budget
from audit.ledger.errors import PurserError
from grants.directory.standing import Standing
from portal.edges.budget_file import COLUMNS, BudgetFile, read_budgets, take_budgets
from portal.edges.cost_owners import owners
from portal.edges.scopes import led_team_keys
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.costs_admin.budget_forms import BudgetFileForm, BudgetForm
from portal.pages.costs_admin.budget_rows import budget_rows
from portal.pages.costs_admin.frame import draw, last_change, refuse, today
from portal.pages.paging import page_of

MOST_FAULTS = 500
FIELDS = {"period": "last", "budget_overlaps": "starts"}


@require_safe
@signed_in
def budgets(request: HttpRequest) -> HttpResponse:
    """List the budgets: all for whoever sees all costs, else those of the teams one leads. PermissionDenied."""
    viewer, every = viewer_of(request), request.GET.get("all") == "1"
    rows = _visible(viewer)
    page = page_of(request, rows if every else running_on(rows, today()))
    context = {
        "page": page,
        "rows": budget_rows(page.rows, owners(), on=today()),
        "every": every,
        "may_change": viewer.keeps_budgets,
    }
    return draw(request, "budgets", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: HttpRequest) -> HttpResponse:
    """Make a budget. Raises PermissionDenied."""
    _require_owner(request)
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def budget(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a budget. Raises Http404, PermissionDenied."""
    found = get_object_or_404(_visible(viewer_of(request)), pk=pk)
    _require_owner(request)
    return _edit(request, found)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what removing does, then do it. Raises Http404, PermissionDenied."""
    found = get_object_or_404(_visible(viewer_of(request)), pk=pk)
    _require_owner(request)
    if request.method == "POST":
        remove_budget(budget=found, by=acting(request), now=timezone.now())
        messages.success(request, _("The budget is removed. What was spent stays as it is."))
        return redirect("cost-budgets")
    return draw(request, "budget_remove", {"row": budget_rows([found], owners(), on=today())[0]})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def import_file(request: HttpRequest) -> HttpResponse:
    """Take a file of budgets, or only check it: all faults at once. Raises PermissionDenied."""
    _require_owner(request)
    form = BudgetFileForm(request.POST, request.FILES) if request.method == "POST" else BudgetFileForm()
    said: BudgetFile | None = None
    if form.is_valid():
        said = read_budgets(form.cleaned_data["file"].read(), known=owners())
        if not said.faults and "check" not in request.POST:
            return _taken(request, form, said)
    return _import_page(request, form, said)


def _taken(request: HttpRequest, form: BudgetFileForm, said: BudgetFile) -> HttpResponse:
    try:
        count = take_budgets(said, by=acting(request), now=timezone.now())
    except PurserError as error:
        refuse(form, error, {})
        return _import_page(request, form, None)
    told = ngettext("%(n)d budget is set.", "%(n)d budgets are set.", count) % {"n": count}
    messages.success(request, told)
    return redirect("cost-budgets")


def _import_page(request: HttpRequest, form: BudgetFileForm, said: BudgetFile | None) -> HttpResponse:
    faults = said.faults if said else ()
    context = {"said": said, "faults": faults[:MOST_FAULTS], "has_errors": bool(faults), "columns": COLUMNS}
    return draw(request, "budget_import", context, form=form, status=422 if faults else 200)


@require_safe
@signed_in
def template(request: HttpRequest) -> HttpResponse:
    """An empty file with the columns, which Excel opens. Raises PermissionDenied."""
    _require_owner(request)
    text = io.StringIO()
    csv.writer(text).writerow(COLUMNS)
    response = HttpResponse(text.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="purser-budgets.csv"'
    return response


def _edit(request: HttpRequest, found: Budget | None) -> HttpResponse:
    form = BudgetForm(request.POST if request.method == "POST" else None, known=owners(), budget=found)
    if form.is_valid():
        try:
            set_budget(terms=form.terms(), budget=found, by=acting(request), now=timezone.now())
        except PurserError as error:
            refuse(form, error, FIELDS)
        else:
            messages.success(request, _("The budget is saved."))
            return redirect("cost-budgets")
    changed = last_change("audit.budget", f"budget:{found.pk}") if found else None
    return draw(request, "budget", {"budget": found, "changed": changed}, form=form)


def _visible(viewer: Standing) -> "QuerySet[Budget]":
    if viewer.sees_costs:
        return budgets_in()
    if not viewer.is_lead:
        raise PermissionDenied
    return budgets_in(teams=led_team_keys(viewer))


def _require_owner(request: HttpRequest) -> Any:
    if not viewer_of(request).keeps_budgets:
        raise PermissionDenied
