"""Writes planned changes of people in bulk: statements by kind of row, one event for each person changed."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.ledger.actors import Actor
from audit.ledger.services import record
from grants.directory.models import EmailAddress, Person, Team
from grants.directory.places import PlaceChange, write_places
from grants.directory.roles import Source


@dataclass
class PersonChange:
    """What differs for one person. `values` are new values of an existing person; `active` None: as it is."""

    person: Person
    created: bool
    values: dict[str, Any]
    addresses: list[str]
    primary: str
    places: PlaceChange
    active: bool | None

    def __bool__(self) -> bool:
        """Whether rows are to be written (`active` is switched by its own services)."""
        return self.created or bool(self.values or self.addresses or self.primary or self.places)


def write_people(
    changes: Sequence[PersonChange],
    *,
    teams: Mapping[str, Team],
    by: Actor,
    now: datetime,
    waiting: Set[int] = frozenset(),
) -> None:
    """Write what was planned and record it, inside the open audited block; `teams` holds every team named.

    Of people in `waiting` nobody is told that they left a team.
    """
    Person.objects.bulk_create([change.person for change in changes if change.created])
    for change in changes:
        _record(change)
        _update(change)
    _write_addresses(changes)
    places = [change.places for change in changes if change.places]
    write_places(places, teams=teams, by=by, now=now, waiting=waiting)


def _record(change: PersonChange) -> None:
    person = change.person
    if change.created:
        detail: dict[str, Any] = {
            "user_name": person.user_name,
            "name": person.name,
            "addresses": change.addresses,
        }
        kind = "grants.person.created"
    elif change.values or change.addresses or change.primary:
        changed = {name: [getattr(person, name), value] for name, value in change.values.items()}
        detail = {"changed": changed, "addresses": change.addresses, "primary": change.primary}
        kind = "grants.person.changed"
    else:
        return
    detail["source"] = Source.CSV.value
    record(kind, subject=person.label, person=person.label, detail=detail)


def _update(change: PersonChange) -> None:
    if not change.values:
        return
    for name, value in change.values.items():
        setattr(change.person, name, value)
    change.person.save(update_fields=[*change.values, "folded_name"])


def _write_addresses(changes: Sequence[PersonChange]) -> None:
    new_primaries = [change.person.pk for change in changes if change.primary]
    EmailAddress.objects.filter(person__in=new_primaries, primary=True).update(primary=False)
    EmailAddress.objects.bulk_create(
        [
            EmailAddress(person=change.person, address=address, primary=address == change.primary)
            for change in changes
            for address in dict.fromkeys([*change.addresses, *filter(None, [change.primary])])
        ],
        update_conflicts=True,
        unique_fields=["address"],
        update_fields=["primary", "verified"],
    )
