"""Lines at targets that keep entries: what all live grants together want at a line's place."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from grants.connectors.base import IMAGE_PLACE, MEMBER_PLACE, Change, Entry, Holder, Holding, Layout, Place
from grants.delivery.drift_holdings import every_holding
from grants.delivery.holdings import holdings_about
from grants.delivery.models import Delivery
from grants.delivery.states import REMOVING, Status
from grants.delivery.targets import Target
from grants.directory.models import Project


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make true at a place: an entry, or nothing (`entry` None), and the grants that say so."""

    place: Place
    entry: Entry | None
    empty: Entry
    grants: tuple[int, ...]

    @property
    def change(self) -> Change:
        """The call that makes it true."""
        return Change("apply", self.entry) if self.entry else Change("remove", self.empty)


def wanted_at(row: Delivery, target: Target, layout: Layout) -> Wanted:
    """What live grants want at the place of a line, asked now: before any call for it, and under its lock.

    A line on its way out, whose place went over to another project and is in place for that one already, stands for
    what that project wants: the removal of the first one's, late, must not take it away.
    """
    place = Place(row.kind, row.key)
    wanted = wanted_by(place, _holdings(place, row.grant.project, target), layout)
    if wanted.entry is not None or row.status not in REMOVING:
        return wanted
    others = (wanted_by(place, _holdings(place, one, target), layout) for one in _followers(row))
    return next((other for other in others if other.entry is not None), wanted)


def _holdings(place: Place, project: Project, target: Target) -> list[Holding]:
    """What `holdings_about` answers; of a whole project by columns, for a worker does nothing else as often."""
    if place.kind in (MEMBER_PLACE, IMAGE_PLACE):
        return holdings_about(place, project, target)
    return every_holding(target, project=project.pk)


def _followers(row: Delivery) -> Iterable[Project]:
    """Other projects for which the place of a line was seen in place. Until then it must be emptied for them."""
    if row.kind in (MEMBER_PLACE, IMAGE_PLACE):
        return ()
    there = Delivery.objects.filter(target=row.target, kind=row.kind, key=row.key, status=Status.VERIFIED)
    return Project.objects.filter(grants__deliveries__in=there).exclude(pk=row.grant.project_id).distinct()


def wanted_by(place: Place, holdings: list[Holding], layout: Layout) -> Wanted:
    """The same from holdings at hand."""
    asking = tuple(holding.grant for holding in holdings if place in layout.places(holding))
    return Wanted(place, layout.entry(place, holdings), layout.empty(place), asking)


def about(place: Place, project: str, holdings: Iterable[Holding]) -> list[Holding]:
    """Those of many holdings that can matter at a place, as `Layout.entry` wants them. `project`: its key."""
    if place.kind == MEMBER_PLACE:
        return [replace(h, holders=only) for h in holdings if (only := _only(h, place.key))]
    if place.kind == IMAGE_PLACE:
        return [replace(h, holders=()) for h in holdings if place.key in h.images]
    return [h for h in holdings if h.project == project]


def _only(holding: Holding, subject: str) -> tuple[Holder, ...]:
    return tuple(holder for holder in holding.holders if holder.subject == subject)


def digest_of(entry: Entry | None) -> str:
    """A digest of what an entry says, the same for the same facts in any order; "" for none."""
    if entry is None:
        return ""
    return hashlib.sha256(repr((entry.identity, sorted(entry.facts))).encode()).hexdigest()
