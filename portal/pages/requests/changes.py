"""What approving a request would change at each target, in words and exactly, before anybody approves it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from approvals.requests.models import Request
from approvals.requests.selectors import requests_visible_to, with_parts
from grants.delivery.outlook import Effect, Outlook, Step
from portal.edges.outlook import outlook_of, people_of
from portal.pages.access import signed_in, viewer_of
from portal.pages.paging import page_of_list
from portal.pages.places import PLACE_KINDS, TARGET_KINDS

STEPS: Mapping[Step, Promise] = {
    Step.ADD: _("Comes"),
    Step.CHANGE: _("Changes"),
    Step.KEEP: _("Stays as it is"),
}
FACTS: Mapping[str, Promise] = {
    "pull": _("pull"),
    "push": _("push"),
    "delete": _("delete"),
    "image": _("image"),
    "group": _("group"),
    "role": _("role"),
    "gpus": _("GPUs"),
    "project": _("project"),
    "team": _("team"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One exact change as the table shows it."""

    target: str
    step: Promise
    kind: Promise | str
    key: str
    comes: list[str]
    goes: list[str]


@dataclass(frozen=True, slots=True)
class Card:
    """One target on the card: what would happen there in a few sentences, and what stands against it."""

    name: str
    kind: Promise | str
    said: list[str]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()


@require_safe
@signed_in
def changes_card(http: HttpRequest, pk: int) -> HttpResponse:
    """The cards alone, which the approver's page fetches for itself: they are worked out beside it, not before it."""
    row = get_object_or_404(with_parts(requests_visible_to(viewer_of(http))), pk=pk)
    cards = [_card(one) for one in outlook_of(row, people_of(row), now=timezone.now())]
    return render(http, "pages/requests/_cards.html", {"cards": cards})


def changes_context(http: HttpRequest, request: Request) -> dict[str, Any]:
    """The tab: the cards, and every exact change, 50 at a time."""
    people = people_of(request)
    found = outlook_of(request, people, now=timezone.now())
    names = {person.label: person.name for person in people}
    effects = [(one, effect) for one in found for effect in one.effects]
    page = page_of_list(http, effects)
    lines = [_line(one, effect, names) for one, effect in page.rows]
    return {"cards": [_card(one) for one in found], "page": page, "lines": lines}


def _card(one: Outlook) -> Card:
    said = [*_people(one), *_images(one), *_others(one.effects)]
    return Card(
        one.target.name, TARGET_KINDS.get(one.target.kind, one.target.kind), said, one.problems, one.warnings
    )


def _people(one: Outlook) -> Iterable[str]:
    if count := one.count(Step.ADD, "member"):
        yield ngettext("%(count)s person gets access", "%(count)s people get access", count) % {
            "count": count
        }
    if count := one.count(Step.CHANGE, "member"):
        yield ngettext("%(count)s person gets more", "%(count)s people get more", count) % {"count": count}
    if count := one.count(Step.KEEP, "member"):
        text = ngettext("%(count)s person has it already", "%(count)s people have it already", count)
        yield text % {"count": count}


def _images(one: Outlook) -> Iterable[str]:
    opened = one.count(Step.ADD, "image") + one.count(Step.CHANGE, "image")
    if opened:
        text = ngettext("%(count)s image is opened to them", "%(count)s images are opened to them", opened)
        yield text % {"count": opened}


def _others(effects: Iterable[Effect]) -> Iterable[str]:
    for effect in effects:
        if effect.kind not in {"member", "image"}:
            kind = PLACE_KINDS.get(effect.kind, effect.kind)
            yield _("%(kind)s %(key)s: %(step)s") % {
                "kind": kind,
                "key": effect.key,
                "step": str(STEPS[effect.step]).lower(),
            }


def _line(one: Outlook, effect: Effect, names: Mapping[str, str]) -> Line:
    return Line(
        target=one.target.name,
        step=STEPS[effect.step],
        kind=PLACE_KINDS.get(effect.kind, effect.kind),
        key=names.get(effect.key, effect.key),
        comes=[_fact(*fact) for fact in effect.comes],
        goes=[_fact(*fact) for fact in effect.goes],
    )


def _fact(name: str, value: str) -> str:
    return f"{FACTS.get(name, name)} {value}"
