"""What a grant would change at each target, worked out before anybody approves it: the same layouts, no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from logging import getLogger
from typing import NamedTuple

from django.utils.translation import gettext as _

from grants.catalogue.models import Image, Registry
from grants.connectors.base import IMAGE_PLACE, MEMBER_PLACE, Entry, Holding, Layout, Place, Warns
from grants.connectors.errors import ConnectorError
from grants.delivery.entries import about
from grants.delivery.holdings import grants_beside, imagined, seen_at, with_addresses
from grants.delivery.targets import Target, clusters, layout_of
from grants.directory.models import Person, Project
from grants.lifecycle.rules import actions_of
from grants.lifecycle.states import Role

log = getLogger(__name__)


class Fact(NamedTuple):
    """One attribute of an entry: what the connector calls it and what it says."""

    name: str
    value: str


class Step(StrEnum):
    """What would happen at a place."""

    ADD = "add"
    CHANGE = "change"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Effect:
    """One place and what would be there: facts that come, and facts that go because others replace them."""

    step: Step
    kind: str
    key: str
    comes: tuple[Fact, ...] = ()
    goes: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one target would be asked to do, why it could not, and what to think of (plain sentences)."""

    target: Target
    effects: tuple[Effect, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def count(self, step: Step, kind: str) -> int:
        """How many places of this kind would be added, changed or kept."""
        return sum(effect.step == step and effect.kind == kind for effect in self.effects)


class DecisionLayout:
    """Where Purser is the token server nothing is kept: what the decision would say, in the form of entries."""

    def __init__(self, target: Target) -> None:
        self._target = target.key

    def places(self, holding: Holding) -> list[Place]:
        """The people and the images."""
        people = [Place(MEMBER_PLACE, holder.subject) for holder in holding.holders]
        return [Place(IMAGE_PLACE, image) for image in holding.images] + people

    def entry(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        """Every image and action that the holdings allow there."""
        said = {
            (action, image)
            for holding in holdings
            for action in actions_of(Role(holding.role))
            for image in holding.images
            if place.kind == MEMBER_PLACE or image == place.key
        }
        return Entry(self._target, place.kind, place.key, tuple(sorted(said))) if said else None

    def empty(self, place: Place) -> Entry:
        """The place with nothing in it."""
        return Entry(self._target, place.kind, place.key)

    def lock(self, place: Place) -> str:
        """Nothing is changed outside, so nothing needs a lock."""
        return ""

    def problems(self, holding: Holding) -> list[str]:
        """A decision has no limits."""
        return []


def outlook(
    *, project: Project, people: Iterable[Person], images: Iterable[Image], role: str, ends: datetime
) -> list[Outlook]:
    """What issuing this grant now would change, target by target: registries first, then clusters.

    Seven queries, however many people, images and targets; nothing outside is asked, so drift does not show here.
    """
    people, images = with_addresses(people), list(images)
    registries = Registry.objects.filter(pk__in={image.registry_id for image in images}).order_by("key")
    targets: list[Target] = [*registries, *clusters()]
    beside = grants_beside(project, people, images)
    found = []
    for target in targets:
        asked = imagined(project, target, people=people, images=images, role=role, ends=ends)
        found.append(_at(target, asked, seen_at(beside, target)))
    return [one for one in found if one.effects or one.problems]


def _at(target: Target, asked: Holding, beside: list[Holding]) -> Outlook:
    try:
        layout = layout_of(target) or DecisionLayout(target)
    except ConnectorError:
        # As in `desired`: one target that is set up wrongly hides neither the request nor the other targets.
        log.exception("A target's options cannot be read", extra={"target": target.key})
        said = _("The settings of %(target)s cannot be read. An administrator has to mend them first.")
        return Outlook(target, (), (said % {"target": target.name},))
    effects = tuple(_effect(place, asked, beside, layout) for place in layout.places(asked))
    problems = tuple(layout.problems(asked))
    warnings = tuple(layout.warnings(asked)) if isinstance(layout, Warns) else ()
    return Outlook(target, effects, problems, tuple(one for one in warnings if one not in problems))


def _effect(place: Place, asked: Holding, beside: list[Holding], layout: Layout) -> Effect:
    before = _facts(layout.entry(place, about(place, asked.project, beside)))
    after = _facts(layout.entry(place, about(place, asked.project, [*beside, asked])))
    comes, goes = tuple(sorted(after - before)), tuple(sorted(before - after))
    step = Step.ADD if not before else Step.CHANGE if comes or goes else Step.KEEP
    return Effect(step, place.kind, place.key, comes, goes)


def _facts(entry: Entry | None) -> set[Fact]:
    return {Fact(*pair) for pair in entry.facts} if entry else set()
