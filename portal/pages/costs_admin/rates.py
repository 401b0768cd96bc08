"""The rate card: read, its versions, and what was restated."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from audit.costs.listing import gpu_types, price_lines, restatements_in, revisions, types_without_entry
from audit.costs.rates import rate_version
from portal.edges.cost_owners import owners
from portal.edges.cost_scopes import cost_scope
from portal.pages.access import signed_in, viewer_of
from portal.pages.costs_admin.frame import draw, today
from portal.pages.costs_admin.rate_effects import signed
from portal.pages.costs_admin.rate_rows import price_rows, rate_row
from portal.pages.costs_admin.words import CAUSES, COLOURS
from portal.pages.paging import page_of


@require_safe
@signed_in
def rates(request: HttpRequest) -> HttpResponse:
    """Show what a GPU hour costs, from which day on, and the types of GPU. For everybody who is signed in."""
    types = list(gpu_types())
    labels = {one.key: one.label for one in types}
    context = {
        "rows": price_rows(price_lines(), labels, on=today()),
        "version": rate_version(),
        "types": [{"type": one, "colour": COLOURS[str(one.colour)]} for one in types],
        "unknown": types_without_entry() if viewer_of(request).is_administrator else [],
    }
    return draw(request, "rates", context)


@require_safe
@signed_in
def history(request: HttpRequest) -> HttpResponse:
    """Show every published version with its reason and its prices, newest first."""
    labels = {one.key: one.label for one in gpu_types()}
    page = page_of(request, revisions(), size=20)
    versions = [
        {"revision": one, "rows": [{"row": rate_row(rate, labels)} for rate in one.rates.all()]}
        for one in page.rows
    ]
    return draw(request, "rates_history", {"page": page, "versions": versions})


@require_safe
@signed_in
def restatements(request: HttpRequest) -> HttpResponse:
    """Show closed days whose figures changed afterwards: of every team, or of those one sees whole."""
    viewer = viewer_of(request)
    page = page_of(request, restatements_in(cost_scope(viewer)))
    names = owners()
    rows = [
        {
            "row": one,
            "team": names.team(one.team),
            "cause": CAUSES.get(one.cause, one.cause),
            "change": signed(one.after_cost - one.before_cost),
        }
        for one in page.rows
    ]
    return draw(request, "restatements", {"page": page, "rows": rows})
