"""A change of the rate card: rows typed, their effect looked at, then published with a reason."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.costs.errors import CostConflict, CostError
from audit.costs.listing import gpu_types, price_lines, revisions
from audit.costs.rates import RateChange, preview_rates, publish_rates, rate_version
from audit.costs.settings import cost_settings
from portal.edges.cost_faults import faults_of
from portal.pages.access import acting, signed_in
from portal.pages.costs_admin.fields import Choices
from portal.pages.costs_admin.frame import draw, refuse, require_keeper, today
from portal.pages.costs_admin.rate_effects import effect_words, team_rows
from portal.pages.costs_admin.rate_forms import (
    MOST_ROWS,
    PublishForm,
    RateFormSet,
    raw_rows,
    rows_of,
    rows_with,
)
from portal.pages.costs_admin.rate_rows import price_text, rate_row


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows that can be published, with how types are called."""

    formset: RateFormSet
    changes: list[RateChange]
    labels: dict[str, str]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def change(request: HttpRequest) -> HttpResponse:
    """Take rows of prices, show what they would do, publish them. Raises PermissionDenied."""
    require_keeper(request)
    types: Choices = [(one.key, one.label) for one in gpu_types()]
    if request.method != "POST":
        return _rows_page(request, rows_with(types, _asked_for(request)), rate_version())
    step = request.POST.get("do", "")
    if step not in ("preview", "publish"):
        return _rows_page(request, rows_with(types, _rearranged(request, step)), _version(request))
    formset = rows_of(types, request.POST)
    if not formset.is_valid():
        return _rows_page(request, formset, _version(request))
    prepared = Prepared(formset, formset.changes(), dict(types))
    return _publish(request, prepared) if step == "publish" else _preview(request, prepared, None)


def _publish(request: HttpRequest, prepared: Prepared) -> HttpResponse:
    form = PublishForm(request.POST)
    if not form.is_valid():
        return _preview(request, prepared, form)
    given = form.cleaned_data
    try:
        revision = publish_rates(
            changes=prepared.changes,
            reason=given["reason"],
            expected_version=given["version"],
            by=acting(request),
            now=timezone.now(),
        )
    except CostConflict:
        return _preview(request, prepared, None, since=given["version"])
    except CostError as error:
        refuse(form, error, {})
        return _preview(request, prepared, form)
    words = _("Version %(number)s of the rate card is published.") % {"number": revision.number}
    messages.success(request, words)
    return redirect("cost-rates")


def _preview(
    request: HttpRequest, prepared: Prepared, form: PublishForm | None, *, since: int | None = None
) -> HttpResponse:
    """What publishing would do. `since`: the version they were prepared against, when it is no longer the newest."""
    try:
        effect = preview_rates(changes=prepared.changes, now=timezone.now())
    except CostError as error:
        wrong = [("", fault.message) for fault in faults_of(error)]
        return _rows_page(request, prepared.formset, _version(request), wrong=wrong)
    typed = {"version": effect.expected_version, "reason": request.POST.get("reason", "")}
    context = {
        "effect": effect,
        "formset": prepared.formset,
        "rows": _rows(prepared),
        "teams": team_rows(effect.teams),
        "words": effect_words(effect, cost_settings().currency),
        "newer": _newer(since, prepared.labels),
    }
    page_form = form or PublishForm(initial=typed)
    return draw(request, "rates_preview", context, form=page_form, status=200 if since is None else 409)


def _rows_page(
    request: HttpRequest, formset: RateFormSet, version: int, *, wrong: list[tuple[str, str]] | None = None
) -> HttpResponse:
    faulty = bool(wrong) or (formset.is_bound and not formset.is_valid())
    context = {
        "formset": formset,
        "version": version,
        "reason": request.POST.get("reason", ""),
        "has_errors": faulty,
        "wrong": wrong,
        "full": formset.total_form_count() >= MOST_ROWS,
    }
    return draw(request, "rates_change", context, status=422 if faulty else 200)


def _asked_for(request: HttpRequest) -> list[dict[str, Any]]:
    """The row that a link of the rate card asks to change, with the price it has today."""
    key = tuple(request.GET.get(name, "") for name in ("type", "cluster", "class"))
    if not key[0]:
        return []
    line = next((one for one in price_lines() if (one.gpu_type, one.cluster, one.pricing_class) == key), None)
    step = line.on(today()) if line else None
    price = f"{step.price.normalize():f}" if step and step.price is not None else ""
    return [dict(zip(("gpu_type", "cluster", "pricing_class"), key, strict=True)) | {"price": price}]


def _rearranged(request: HttpRequest, step: str) -> list[dict[str, Any]]:
    """The rows as typed, with one more (`add`) or one less (`drop-2`)."""
    rows = raw_rows(request.POST)
    if step == "add" and len(rows) < MOST_ROWS:
        return [*rows, {}]
    gone = step.removeprefix("drop-")
    return [row for place, row in enumerate(rows) if str(place) != gone]


def _version(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else rate_version()


def _newer(since: int | None, labels: dict[str, str]) -> list[dict[str, Any]]:
    """The versions that came meanwhile, with their rows."""
    if since is None:
        return []
    return [
        {"revision": one, "rows": [{"row": rate_row(rate, labels)} for rate in one.rates.all()]}
        for one in revisions().filter(number__gt=since)
    ]


def _rows(prepared: Prepared) -> list[dict[str, Any]]:
    """The new prices, each beside the one it replaces where there is one for exactly the same."""
    lines = {(one.gpu_type, one.cluster, one.pricing_class): one for one in price_lines()}
    rows = []
    for one in prepared.changes:
        line = lines.get((one.gpu_type, one.cluster, one.pricing_class))
        step = line.on(one.from_day) if line else None
        rows.append({"row": rate_row(one, prepared.labels), "before": price_text(step.price) if step else ""})
    return rows
