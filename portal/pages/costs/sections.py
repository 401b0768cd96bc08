"""The tabs that lead from one page of costs to another, by who may open them."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.pages.access import viewer_of


def sections_of(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages this viewer may open, the current one marked."""
    viewer = viewer_of(request)
    first = ("costs-organisation", _("Organisation")) if viewer.sees_costs else ("costs", _("Team"))
    pages = [
        first,
        ("costs-images", _("Images")),
        ("costs-mine", _("My use")),
        ("costs-figures", _("What figures mean")),
    ]
    if not (viewer.sees_costs or viewer.team_ids):
        pages = pages[2:]
    keeping = viewer.sees_costs or viewer.is_lead
    pages.append(("cost-rates", _("Keeping costs") if keeping else _("Rate card")))
    return [_tab(request.path, reverse(name), label) for name, label in pages]


def _tab(path: str, url: str, label: str) -> dict[str, Any]:
    team = url == reverse("costs") and path.startswith(reverse("costs") + "teams/")
    return {"label": label, "url": url, "current": path == url or team, "count": None}
