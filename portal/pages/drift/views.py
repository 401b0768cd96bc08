"""The list of differences with how each system stands, and one difference."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from grants.delivery.drift_selectors import drift_of_targets, drift_visible_to, with_story
from grants.delivery.drift_states import ATTENTION, DriftState
from grants.delivery.models import Drift
from grants.directory.standing import Standing
from portal.pages.access import signed_in, viewer_of
from portal.pages.drift.causes import cause_of
from portal.pages.drift.forms import DecisionForm, DriftFilter
from portal.pages.drift.presenters import code_of, facts_of, held_targets, rows_of
from portal.pages.filters import chips_of
from portal.pages.paging import page_of


@require_safe
@signed_in
def drift(request: HttpRequest) -> HttpResponse:
    """List differences, those seen last first, and when each system was looked at. Raises PermissionDenied."""
    viewer, form = viewer_of(request), DriftFilter(request.GET)
    if not (viewer.sees_all or viewer.is_lead):
        raise PermissionDenied
    form.is_valid()
    page = page_of(request, narrowed(drift_visible_to(viewer), form.cleaned_data))
    targets = drift_of_targets() if viewer.sees_all else []
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "rows": rows_of(page.rows, viewer),
        "targets": targets,
        "held": held_targets(targets) if viewer.is_administrator else [],
        "may_decide": viewer.is_administrator,
        "chips": chips_of(request, _labels(form)),
        "now": timezone.now(),
    }
    return render(request, "pages/drift/list.html", context)


@require_safe
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one difference: wanted beside seen, its history, and the decision. Raises Http404."""
    viewer = viewer_of(request)
    row = found(viewer, pk)
    form = DecisionForm(drift=row)
    return render(request, "pages/drift/detail.html", context_of(row, viewer, form))


def found(viewer: Standing, pk: int) -> Drift:
    """The difference with its story, if the viewer may see it. Raises Http404."""
    row = with_story(drift_visible_to(viewer)).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def context_of(row: Drift, viewer: Standing, form: DecisionForm) -> dict[str, Any]:
    """Everything the page of one difference shows."""
    [shown] = rows_of([row], viewer)
    may_decide = viewer.is_administrator and bool(form.fields["decision"].choices)  # type: ignore[attr-defined]
    return {
        "row": shown,
        "drift": row,
        "code": code_of(row),
        "facts": facts_of(row),
        "cause": cause_of(row),
        "projects": list(row.projects.all()),
        "episodes": list(row.episodes.all()),
        "form": form if may_decide else None,
    }


def narrowed(rows: QuerySet[Drift], wanted: dict[str, Any]) -> QuerySet[Drift]:
    """Those at a system, of a kind, in a state; what is as granted again only when asked for."""
    if wanted.get("target"):
        rows = rows.filter(target=wanted["target"])
    if wanted.get("kind"):
        rows = rows.filter(what=wanted["kind"])
    match wanted.get("state"):
        case "all":
            return rows
        case "stopped":
            return rows.filter(STOPPED, state=DriftState.OPEN)
        case "accepted":
            return rows.filter(state__in=[DriftState.ADOPTED, DriftState.IGNORED])
        case "closed":
            return rows.filter(state=DriftState.CLOSED)
    return rows.filter(state__in=ATTENTION)


STOPPED = Q(fought_at__isnull=False) | Q(held_at__isnull=False)


def _labels(form: DriftFilter) -> list[tuple[str, str]]:
    found_labels = []
    for name in form.fields:
        choices: Any = form.fields[name]
        value = form.cleaned_data.get(name)
        found_labels.append((name, str(dict(choices.choices)[value]) if value else ""))
    return found_labels
