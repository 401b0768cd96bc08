"""Imports people: matches each entry of a file with the directory, plans what changes, writes it in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from audit.ledger.actors import Actor
from grants.directory.folding import fold_address
from grants.directory.import_entries import Entry, read_entries
from grants.directory.import_write import PersonChange, write_people
from grants.directory.leaving import Leaving, must_wait
from grants.directory.models import EmailAddress, Person, Team
from grants.directory.people import disable_person, enable_person
from grants.directory.places import leaving_of, plan_places
from grants.directory.roles import Source
from grants.directory.rows import Row
from grants.directory.types import ImportReport

REASON = "directory import"


@dataclass
class Known:
    """What the directory holds about the people of a file, read in six queries."""

    people: dict[int, Person]
    by_address: dict[str, int]
    by_user_name: dict[str, int]
    by_number: dict[str, int]
    teams: dict[str, Team]

    def match(self, entry: Entry) -> Person | None:
        """The person an entry means: the owner of an address, else of the user name; notes two owners."""
        owners = {self.by_address[a] for a in entry.addresses if a in self.by_address}
        if len(owners) > 1:
            entry.fault("email", "two_people", "; ".join(entry.addresses))
        owner = min(owners) if owners else self.by_user_name.get(entry.said("user_name") or "")
        return self.people[owner] if owner else None


def import_people(rows: Sequence[Row], by: Actor, now: datetime, apply: bool) -> ImportReport:
    """Make or change the people of a file, inside the open audited block under the directory's lock."""
    entries = read_entries(rows)
    known = _known(entries)
    matched = [(entry, known.match(entry)) for entry in entries]
    _check(matched, known, by)
    if faults := tuple(fault for row in rows for fault in row.faults):
        return ImportReport("people", len(rows), faults)
    changes = [_plan(entry, person, known, now) for entry, person in matched]
    waiting = _apply(changes, known, by, now) if apply else frozenset()
    return _report(len(rows), changes, apply, waiting)


def _apply(changes: Sequence[PersonChange], known: Known, by: Actor, now: datetime) -> frozenset[int]:
    """Write the changes; the people whose leaving waits, who are not disabled now."""
    disabled = frozenset(
        change.person.pk for change in changes if change.active is False and change.person.pk
    )
    leaving = Leaving(disabled, leaving_of(change.places for change in changes), "import")
    waiting = must_wait(leaving, by=by, now=now)
    real = [change for change in changes if change]
    write_people(real, teams=known.teams, by=by, now=now, waiting=waiting)
    for change in changes:
        if change.person.pk not in waiting:
            _switch(change, by, now)
    return waiting


def _known(entries: Sequence[Entry]) -> Known:
    addresses = {address for entry in entries for address in entry.addresses}
    names = {entry.said("user_name") for entry in entries} | addresses
    names |= {address.partition("@")[0] for address in addresses}
    numbers = {entry.said("employee_number") for entry in entries}
    by_address = dict(EmailAddress.objects.filter(address__in=addresses).values_list("address", "person_id"))
    found = (
        Q(pk__in=by_address.values())
        | Q(user_name__in=names - {None})
        | Q(employee_number__in=numbers - {None})
    )
    people = {
        p.pk: p
        for p in Person.objects.filter(found).prefetch_related("addresses", "memberships__team", "roles")
    }
    return Known(
        people=people,
        by_address=by_address,
        by_user_name={person.user_name: pk for pk, person in people.items()},
        by_number={person.employee_number: pk for pk, person in people.items() if person.employee_number},
        teams={
            team.key: team
            for team in Team.objects.filter(key__in={key for e in entries for key in e.teams or ()})
        },
    )


def _check(matched: Iterable[tuple[Entry, Person | None]], known: Known, by: Actor) -> None:
    seen: set[int] = set()
    for entry, person in matched:
        pk = person.pk if person else None
        for column, owners in (("user_name", known.by_user_name), ("employee_number", known.by_number)):
            said = entry.said(column)
            if said and owners.get(said, pk) != pk:
                entry.fault(column, "taken", said)
        if pk in seen:
            entry.fault("email", "repeated", entry.addresses[0])
        if person and person.label == by.label and entry.said("active") is False:
            entry.fault("active", "own_account")
        for source, row in zip(entry.sources, entry.rows, strict=True):
            if row.team and row.team not in known.teams:
                source.fault("team", "unknown_team", row.team)
        seen |= {pk} if pk else set()


def _plan(entry: Entry, person: Person | None, known: Known, now: datetime) -> PersonChange:
    person = person or _newcomer(entry, known, now)
    wanted = {name: entry.said(name) for name in ("user_name", "name", "employee_number", "contractor")}
    own = {a.address: a.primary for a in person.addresses.all()} if person.pk else {}
    active = entry.said("active")
    return PersonChange(
        person=person,
        created=person.pk is None,
        values={n: v for n, v in wanted.items() if v is not None and person.pk and getattr(person, n) != v},
        addresses=[address for address in entry.addresses if address not in own],
        primary=entry.addresses[0] if not own.get(entry.addresses[0]) else "",
        places=plan_places(person, teams=entry.teams, roles=entry.roles, source=Source.CSV),
        active=active if active is not None and active != person.active else None,
    )


def _newcomer(entry: Entry, known: Known, now: datetime) -> Person:
    first = entry.addresses[0]
    names = [entry.said("user_name"), first.partition("@")[0], first]
    user_name = next(name for name in names if name and name not in known.by_user_name)
    known.by_user_name[user_name] = 0
    return Person(
        user_name=fold_address(user_name),
        name=entry.said("name") or user_name,
        employee_number=entry.said("employee_number"),
        contractor=bool(entry.said("contractor")),
        created_at=now,
    )


def _switch(change: PersonChange, by: Actor, now: datetime) -> None:
    if change.active is False:
        disable_person(person=change.person, reason=REASON, by=by, now=now)
    elif change.active:
        enable_person(person=change.person, by=by, now=now)


def _report(rows: int, changes: Sequence[PersonChange], apply: bool, waiting: frozenset[int]) -> ImportReport:
    created = sum(change.created for change in changes)
    differing = sum(bool(change) or change.active is not None for change in changes)
    return ImportReport(
        kind="people",
        rows=rows,
        created=created,
        changed=differing - created,
        unchanged=len(changes) - differing,
        disabled=sum(change.active is False and change.person.pk not in waiting for change in changes),
        held=len(waiting),
        applied=apply,
    )
