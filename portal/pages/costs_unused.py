"""Unused access: a team's people with access and no use (F22), its unused grants, and a way to return them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from audit.costs.selectors import complete_through
from audit.costs.settings import cost_settings
from audit.costs.types import ZERO
from grants.directory.models import Person, Team
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant
from portal.edges.cost_scopes import leads_costs
from portal.edges.cost_unused import (
    WINDOWS,
    UnusedGrant,
    UnusedPerson,
    unused_count,
    unused_grants,
    unused_people,
)
from portal.pages.access import signed_in, viewer_of
from portal.pages.costs.sections import sections_of
from portal.pages.costs.trust import through_text
from portal.pages.costs.wording import money
from portal.pages.grants.listing import why_not_returnable
from portal.pages.grants.returning import MOST


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody who did not use their access; `through` are the grants that give it, with their projects' names."""

    person: Person
    through: list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant nobody used; `promised` is said as money, empty where its request planned nothing."""

    grant: Grant
    people: int
    images: list[str]
    promised: str


@require_safe
@signed_in
def unused(request: HttpRequest, key: str) -> HttpResponse:
    """Show what access of a team is not used. Raises Http404 for others' teams, PermissionDenied for members."""
    viewer, now = viewer_of(request), timezone.now()
    team = team_for(viewer, key)
    if team is None:
        raise Http404
    if not leads_costs(viewer, team.pk):
        raise PermissionDenied
    days = days_in(request.GET.get("days", ""))
    people = unused_people(team.key, days=days, now=now)
    grants = unused_grants(team.key, days=days, now=now)
    return render(
        request,
        "pages/costs/unused.html",
        {
            "team": team,
            "days": days,
            "windows": _windows(days),
            "sections": sections_of(request),
            "people": _people(people),
            "through": through_text(complete_through()),
            **_grants(grants, viewer),
        },
    )


def team_for(viewer: Standing, key: str) -> Team | None:
    """The team of this key where the viewer may know of its costs."""
    team = Team.objects.filter(key=key).first()
    return team if team and (viewer.sees_costs or team.pk in viewer.team_ids) else None


def days_in(text: str) -> int:
    """The window that an address names; the shortest where it names none of them."""
    return next((days for days in WINDOWS if text == str(days)), WINDOWS[0])


def _windows(chosen: int) -> list[dict[str, Any]]:
    return [
        {
            "label": _("%(days)s days") % {"days": days},
            "url": f"?days={days}",
            "current": days == chosen,
            "count": None,
        }
        for days in WINDOWS
    ]


def _people(found: list[UnusedPerson]) -> list[PersonRow]:
    wanted = {pk for one in found for pk in one.grants}
    names = dict(Grant.objects.filter(pk__in=wanted).values_list("pk", "project__name"))
    return [PersonRow(one.person, [(pk, names.get(pk, "")) for pk in one.grants]) for one in found]


def _grants(found: list[UnusedGrant], viewer: Standing) -> dict[str, Any]:
    currency = cost_settings().currency
    promised = sum((one.promised for one in found if one.promised), ZERO)
    return {
        "grants": [_row(one, currency) for one in found],
        "promised": money(promised, currency) if promised else "",
        "returnable": [one.grant.pk for one in found if not why_not_returnable(one.grant, viewer)][:MOST],
    }


def _row(one: UnusedGrant, currency: str) -> GrantRow:
    images = [row.image.repository for row in one.grant.images.all() if row.removed_at is None]
    return GrantRow(one.grant, one.people, images, _promised(one.promised, currency))


def _promised(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else money(amount, currency)


@dataclass(frozen=True, slots=True)
class Hint:
    """A line that leads here."""

    text: str
    url: str


def unused_hint(team: Team, *, now: datetime) -> Hint | None:
    """The line of one team's page; None where every grant was used. One query."""
    rows = Team.objects.filter(pk=team.pk).annotate(unused=unused_count(days=WINDOWS[0], now=now))
    count = rows.values_list("unused", flat=True).first()
    return Hint(_said(count), reverse("costs-unused", args=[team.key])) if count else None


def unused_hints(teams: Sequence[Any]) -> list[Hint]:
    """A line for each team with unused grants (its `unused_grants`), with its name where there are several teams."""
    words = "%(said)s" if len(teams) == 1 else _("%(team)s: %(said)s")
    return [
        Hint(
            words % {"team": one.name, "said": _said(one.unused_grants)},
            reverse("costs-unused", args=[one.key]),
        )
        for one in teams
        if one.unused_grants
    ]


def _said(count: int) -> str:
    return ngettext("%(n)s unused grant", "%(n)s unused grants", count) % {"n": count}
