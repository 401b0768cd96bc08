"""The pull log and its gaps: tokens that allowed a pull nobody reported."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.pulls.models import Pull
from audit.pulls.selectors import counted_pulls, pulls_in
from grants.directory.standing import Standing
from grants.tokens.selectors import MOST_TOKENS, gaps
from portal.edges.scopes import gap_scope, pull_scope
from portal.pages.access import signed_in, viewer_of
from portal.pages.audit.forms import PullFilter
from portal.pages.audit.names import names_for
from portal.pages.filters import chips_of, with_parameter
from portal.pages.paging import page_of

GAP_DAYS = 7
MOST_GAPS = 200


@require_safe
@signed_in
def pulls(request: HttpRequest) -> HttpResponse:
    """List what registries reported, or the gaps, of what the viewer may see; newest first."""
    viewer, form = viewer_of(request), PullFilter(request.GET)
    form.is_valid()
    show_gaps = request.GET.get("tab") == "gaps"
    context: dict[str, Any] = {
        "form": form,
        "tabs": _tabs(request, show_gaps=show_gaps),
        "show_gaps": show_gaps,
        **(_gaps(viewer) if show_gaps else _log(request, viewer, form)),
    }
    return render(request, "pages/audit/pulls.html", context)


def _gaps(viewer: Standing) -> dict[str, Any]:
    now = timezone.now()
    seen = gaps(since=now - timedelta(days=GAP_DAYS), now=now, scope=gap_scope(viewer))
    shown = seen.found[:MOST_GAPS]
    names = names_for(viewer, {gap.principal for gap in shown})
    return {
        "gap_days": GAP_DAYS,
        "gaps": [(gap, names.of(gap.principal)) for gap in shown],
        "found": len(seen.found),
        "complete": seen.complete,
        "looked_at": MOST_TOKENS,
    }


def _log(request: HttpRequest, viewer: Standing, form: PullFilter) -> dict[str, Any]:
    page = page_of(request, _narrowed(pulls_in(pull_scope(viewer)), form.cleaned_data))
    names = names_for(viewer, {label for pull in page.rows for label in (pull.person, pull.grant)})
    lines = [(pull, names.of(pull.person), names.of(pull.grant)) for pull in page.rows]
    return {"page": page, "lines": lines, "chips": chips_of(request, _labels(form))}


def _narrowed(rows: QuerySet[Pull], wanted: dict[str, Any]) -> QuerySet[Pull]:
    what, grant = wanted.get("what", ""), str(wanted.get("grant") or "").removeprefix("grant:")
    if what == "push":
        rows = rows.filter(action="push")
    elif what != "all":
        rows = counted_pulls(rows)
    if wanted.get("project"):
        rows = rows.filter(project=wanted["project"])
    if grant:
        rows = rows.filter(grant=f"grant:{grant}")
    for word in str(wanted.get("q") or "").split():
        found = Q(repository__icontains=word) | Q(person_name__icontains=word) | Q(digest=word)
        rows = rows.filter(found | Q(person=word))
    return rows


def _tabs(request: HttpRequest, *, show_gaps: bool) -> list[dict[str, Any]]:
    return [
        {
            "label": _("Log"),
            "url": with_parameter(request, "tab", "log"),
            "current": not show_gaps,
            "count": None,
        },
        {
            "label": _("Gaps"),
            "url": with_parameter(request, "tab", "gaps"),
            "current": show_gaps,
            "count": None,
        },
    ]


def _labels(form: PullFilter) -> list[tuple[str, str]]:
    chosen = form.cleaned_data
    what = dict(form.fields["what"].choices)  # type: ignore[attr-defined]
    return [
        ("q", _("Search: %(text)s") % {"text": chosen["q"]} if chosen.get("q") else ""),
        ("project", _("Project: %(key)s") % {"key": chosen["project"]} if chosen.get("project") else ""),
        ("grant", _("Grant: %(number)s") % {"number": chosen["grant"]} if chosen.get("grant") else ""),
        ("what", str(what[chosen["what"]]) if chosen.get("what") else ""),
    ]
