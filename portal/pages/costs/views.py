"""Pages of costs: where to begin, teams, the organisation, images, one's own use, one day, and the news of data."""

from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.costs import selectors
from audit.costs.definitions import FIGURES
from audit.costs.once import reading_once
from audit.costs.types import CostScope
from grants.directory.models import Team
from grants.directory.standing import Standing
from portal.edges.cost_filters import Preset, preset_period
from portal.edges.cost_scopes import cost_scope, everything, named_scope, own_scope, team_scope
from portal.live.topics import versions
from portal.pages.access import signed_in, viewer_of
from portal.pages.costs.accuracy import with_accuracy
from portal.pages.costs.frame import TOPIC, Frame, faulty, frame_of
from portal.pages.costs.images import images_page
from portal.pages.costs.organisation import organisation_page
from portal.pages.costs.own import day_page, own_page
from portal.pages.costs.sections import sections_of
from portal.pages.costs.tables import as_csv
from portal.pages.costs.team import team_page
from portal.pages.costs.trust import through_text
from portal.pages.costs_unused import unused_hint
from portal.pages.markup import day_text


@require_safe
@signed_in
def costs(request: HttpRequest) -> HttpResponse:
    """Lead to the page that fits: the organisation, the viewer's one team, else a choice of their teams."""
    viewer = viewer_of(request)
    if viewer.sees_costs:
        return redirect("costs-organisation")
    teams = list(Team.objects.filter(pk__in=viewer.team_ids).order_by("name"))
    if len(teams) == 1:
        return redirect("costs-team", teams[0].key)
    return render(request, "pages/costs/choice.html", {"teams": teams, "sections": sections_of(request)})


@require_safe
@signed_in
def team(request: HttpRequest, key: str) -> HttpResponse:
    """Show what one team costs. Raises Http404 for a team whose costs the viewer may not see, or nobody ever had."""
    viewer = viewer_of(request)
    found = Team.objects.filter(key=key).first()
    scope = team_scope(viewer, key, found)
    if scope is None or (found is None and selectors.first_day(scope) is None):
        raise Http404
    lead = viewer.sees_costs or (found is not None and found.pk in viewer.led_team_ids)
    frame = frame_of(request, scope, team=key)
    page: dict[str, Any] = {"team_name": found.name if found else key, "lead": lead}
    if not lead:
        return _answer(frame, "team", page, lambda: team_page(frame, lead=False))
    page["unused"] = unused_hint(found, now=frame.now) if found else None
    return _answer(frame, "team", page, lambda: with_accuracy(team_page(frame, lead=True), frame))


@require_safe
@signed_in
def organisation(request: HttpRequest) -> HttpResponse:
    """Show what everybody costs, and what nobody holds. Raises PermissionDenied."""
    viewer = viewer_of(request)
    if not viewer.sees_costs:
        raise PermissionDenied
    frame = frame_of(request, everything(viewer))
    return _answer(frame, "organisation", {}, lambda: organisation_page(frame))


@require_safe
@signed_in
def images(request: HttpRequest) -> HttpResponse:
    """Show what images cost in what the viewer may see, or one image that the address names."""
    viewer = viewer_of(request)
    frame = frame_of(request, _scope(request, viewer))
    lead = viewer.sees_costs or viewer.is_lead
    return _answer(frame, "images", {"lead": lead}, lambda: images_page(frame, lead=lead))


@require_safe
@signed_in
def mine(request: HttpRequest) -> HttpResponse:
    """Show the viewer's own use: only they, their leads and auditors see it."""
    frame = frame_of(request, own_scope(viewer_of(request)))
    return _answer(frame, "mine", {}, lambda: own_page(frame))


@require_safe
@signed_in
def day(request: HttpRequest, day: str) -> HttpResponse:
    """Show one day hour by hour, and what ran. Raises Http404 for what is no day."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise Http404 from error
    frame = frame_of(request, _scope(request, viewer_of(request)), day=wanted)
    beside = [frame.day_link(wanted + timedelta(days=step)) for step in (-1, 1)]
    page = {"day": day_text(wanted), "before": beside[0], "after": beside[1] if wanted < frame.today else ""}
    return _answer(frame, "day", page, lambda: day_page(frame, wanted))


@require_safe
@signed_in
def figures(request: HttpRequest) -> HttpResponse:
    """Say what each figure means, with its formula."""
    context = {"figures": list(FIGURES.values()), "sections": sections_of(request)}
    return render(request, "pages/costs/figures.html", context)


@require_safe
@signed_in
def news(request: HttpRequest) -> HttpResponse:
    """Show through when data are complete and how many days were unusual: the live region of every page."""
    if "HX-Request" not in request.headers:
        return redirect("costs")
    viewer, key = viewer_of(request), request.GET.get("team", "")
    scope = team_scope(viewer, key) if key else cost_scope(viewer)
    if scope is None:
        raise Http404
    version = versions([TOPIC])[TOPIC]
    told = viewer.sees_costs or viewer.is_lead
    context = {
        "topic": TOPIC,
        "version": version,
        "news_url": f"{reverse('costs-news')}?{request.GET.urlencode()}",
        "trust": {"through": through_text(selectors.complete_through())},
        "anomaly_count": len(_anomalies(scope)) if told else 0,
        "newer": str(version) != request.GET.get("drawn"),
    }
    return render(request, "pages/costs/news.html", context)


def _anomalies(scope: CostScope) -> list[Any]:
    return selectors.anomalies_in(scope, preset_period(Preset.THIS_MONTH, timezone.localdate()))


def _scope(request: HttpRequest, viewer: Standing) -> CostScope:
    """All that the viewer may see; where the address names people, only what they may see person by person."""
    return named_scope(viewer) if any(request.GET.getlist("person")) else cost_scope(viewer)


def _answer(frame: Frame, name: str, page: dict[str, Any], read: Any) -> HttpResponse:
    """The page with its figures, one of its tables as CSV, or every fault of the address and no figure."""
    template = f"pages/costs/{name}.html"
    context = {"sections": sections_of(frame.request), **page}
    if frame.asked.faults:
        return render(frame.request, template, context | faulty(frame), status=422)
    with reading_once():
        context |= read()
    if wanted := frame.query.get("csv"):
        chosen = next((table for table in context["tables"] if table.key == wanted), None)
        if chosen is None:
            raise Http404
        return as_csv(chosen, f"purser-costs-{frame.filters.period.first:%Y%m%d}")
    return render(frame.request, template, context)
