"""Places of people: what a source says now replaces what it said before, and yields to a stronger source."""

from collections.abc import Hashable, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from audit.ledger.actors import Actor
from audit.ledger.services import record
from grants.directory.models import Membership, Person, RoleAssignment, Team
from grants.directory.roles import Source
from grants.directory.signals import person_left_team
from grants.directory.types import Places

Key = TypeVar("Key", bound=Hashable)
STRENGTH = (Source.CLAIMS, Source.CSV, Source.MANUAL)
"""Weakest first: a place that a stronger source wrote stands, one of a weaker source is taken over."""


@dataclass(frozen=True)
class PlaceChange:
    """What has to be written for one person: team key -> role to set, teams to leave, roles."""

    person: Person
    source: Source
    set_teams: dict[str, str]
    left: dict[str, Membership]
    set_roles: frozenset[str]
    lost_roles: dict[str, RoleAssignment]

    def __bool__(self) -> bool:
        """Whether anything changes."""
        return bool(self.set_teams or self.left or self.set_roles or self.lost_roles)


def plan_places(
    person: Person, *, teams: Mapping[str, str] | None, roles: Iterable[str] | None, source: Source
) -> PlaceChange:
    """Compare what `source` says (None: nothing) with what is; reads memberships and roles of a saved person."""
    places = {m.team.key: m for m in person.memberships.all()} if person.pk else {}
    held = {r.role: r for r in person.roles.all()} if person.pk else {}
    set_teams, left = _difference({key: (m.role, m.source) for key, m in places.items()}, teams, source)
    wanted = None if roles is None else dict.fromkeys(roles, "")
    set_roles, lost = _difference({role: ("", r.source) for role, r in held.items()}, wanted, source)
    return PlaceChange(
        person=person,
        source=source,
        set_teams=set_teams,
        left={key: places[key] for key in left},
        set_roles=frozenset(set_roles),
        lost_roles={role: held[role] for role in lost},
    )


def _difference(
    current: Mapping[Key, tuple[str, str]], wanted: Mapping[Key, str] | None, source: Source
) -> tuple[dict[Key, str], set[Key]]:
    if wanted is None:
        return {}, set()
    weaker = STRENGTH[: STRENGTH.index(source) + 1]
    to_set = {
        key: value
        for key, value in wanted.items()
        if key not in current or (current[key][1] in weaker and current[key] != (value, source))
    }
    return to_set, {key for key, (_, said_by) in current.items() if said_by == source and key not in wanted}


def write_places(
    changes: Iterable[PlaceChange],
    *,
    teams: Mapping[str, Team],
    by: Actor,
    now: datetime,
    waiting: Set[int] = frozenset(),
) -> None:
    """Write planned places of saved people inside the open audited block; records each, tells who left a team.

    `teams` holds every team named; of people in `waiting` nobody is told, because their access stays for now.
    Five statements at most, whatever the number of people.
    """
    changes = list(changes)
    Membership.objects.bulk_create(
        [
            Membership(team=teams[key], person=change.person, role=role, source=change.source)
            for change in changes
            for key, role in change.set_teams.items()
        ],
        update_conflicts=True,
        unique_fields=["team", "person"],
        update_fields=["role", "source"],
    )
    RoleAssignment.objects.bulk_create(
        [
            RoleAssignment(person=change.person, role=role, source=change.source)
            for change in changes
            for role in change.set_roles
        ],
        update_conflicts=True,
        unique_fields=["person", "role"],
        update_fields=["source"],
    )
    Membership.objects.filter(pk__in=[m.pk for c in changes for m in c.left.values()]).delete()
    RoleAssignment.objects.filter(pk__in=[r.pk for c in changes for r in c.lost_roles.values()]).delete()
    for change in changes:
        _record(change, by, now, told=change.person.pk not in waiting)


def leaving_of(changes: Iterable[PlaceChange]) -> frozenset[tuple[int, int]]:
    """Who would leave which team, as (person, team)."""
    return frozenset(
        (change.person.pk, place.team_id) for change in changes for place in change.left.values()
    )


def _record(change: PlaceChange, by: Actor, now: datetime, *, told: bool) -> None:
    person = change.person.label
    for key, role in sorted(change.set_teams.items()):
        _say("grants.membership.set", person, change.source, role, team=key)
    for key, place in sorted(change.left.items()):
        _say("grants.membership.removed", person, change.source, place.role, team=key)
        if told:
            person_left_team.send(None, person_id=change.person.pk, team_id=place.team_id, by=by, now=now)
    for role in sorted(change.set_roles):
        _say("grants.role.given", person, change.source, role)
    for role in sorted(change.lost_roles):
        _say("grants.role.taken", person, change.source, role)


def _say(kind: str, person: str, source: Source, role: str, *, team: str = "") -> None:
    record(kind, subject=person, person=person, team=team, detail={"role": role, "source": source.value})


def known_places(places: Places, teams: Mapping[str, Team]) -> tuple[dict[str, str], list[str]]:
    """The places in teams that exist, and the keys of teams that do not."""
    known = {key: role for key, role in places.teams.items() if key in teams}
    return known, sorted(set(places.teams) - set(known))
