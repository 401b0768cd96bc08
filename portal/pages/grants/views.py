"""The list of grants, and one grant."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from grants.lifecycle.selectors import grants_visible_to, with_bundle
from portal.live.topics import versions
from portal.pages.access import signed_in, viewer_of
from portal.pages.filters import chips_of, with_parameter
from portal.pages.grants.detail import detail_of
from portal.pages.grants.forms import GrantFilter
from portal.pages.grants.listing import (
    ALL,
    MINE,
    TEAM,
    found_by,
    rows_of,
    scopes_of,
    wanted_in,
    with_ticks,
)
from portal.pages.paging import page_of


@require_safe
@signed_in
def grants(request: HttpRequest) -> HttpResponse:
    """List grants by tab, state and words, newest first."""
    viewer, now, form = viewer_of(request), timezone.now(), GrantFilter(request.GET)
    form.is_valid()
    wanted = wanted_in(request.GET, viewer)
    page = page_of(request, with_bundle(found_by(viewer, wanted, now=now)))
    rows = with_ticks(rows_of(page.rows, now=now), viewer, request.GET.getlist("sel"))
    topic = viewer.person.label
    context = {
        "form": form,
        "page": page,
        "rows": rows,
        "wanted": wanted,
        "may_return": any(row.returnable for row in rows),
        "ticked_count": sum(row.ticked for row in rows),
        "tabs": _tabs(request, scopes_of(viewer), wanted.scope),
        "chips": chips_of(request, _labels(form)),
        "topic": topic,
        "version": versions([topic])[topic],
    }
    return render(request, "pages/grants/list.html", context)


@require_safe
@signed_in
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one grant: who and what, how far it is, how to pull, who pulled, what happened. Raises Http404."""
    grant = with_bundle(grants_visible_to(viewer_of(request)).filter(pk=pk)).first()
    if grant is None:
        raise Http404
    return render(request, "pages/grants/detail.html", detail_of(request, grant))


def _tabs(request: HttpRequest, scopes: list[str], current: str) -> list[dict[str, Any]]:
    labels = {MINE: _("Mine"), TEAM: _("My team's"), ALL: _("All")}
    return [
        {
            "label": labels[scope],
            "url": with_parameter(request, "tab", scope),
            "current": scope == current,
            "count": None,
        }
        for scope in scopes
    ]


def _labels(form: GrantFilter) -> list[tuple[str, str]]:
    text, state = form.cleaned_data.get("q"), form.cleaned_data.get("state")
    states = dict(form.fields["state"].choices)  # type: ignore[attr-defined]
    return [
        ("q", _("Search: %(text)s") % {"text": text} if text else ""),
        ("state", str(states[state]) if state else ""),
    ]
