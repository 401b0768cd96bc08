"""Test factories: people, teams and projects as rows, and the named cast that every room's tests use.

They write rows directly, without events: what is under test is what the room does next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from grants.directory.models import (
    EmailAddress,
    Identity,
    Membership,
    Person,
    Project,
    RoleAssignment,
    Team,
)
from grants.directory.roles import TeamRole

LONG_AGO = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""When the people of the tests joined."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of the tests, with the team and the project they work on."""

    alice: Person
    bob: Person
    charlie: Person
    mia: Person
    sam: Person
    ada: Person
    root: Person
    team: Team
    project: Project


def make_team(key: str = "anti-fraud", **fields: Any) -> Team:
    """A team; its name is made from its key unless given."""
    return Team.objects.create(**{"key": key, "name": key.replace("-", " ").capitalize()} | fields)


def make_project(key: str = "anti-fraud-v2", *, team: Team | None = None, **fields: Any) -> Project:
    """An open project of `team`, or of the team `anti-fraud`, which is made where missing."""
    team = team or Team.objects.filter(key="anti-fraud").first() or make_team()
    named = {"key": key, "name": key.replace("-", " ").capitalize(), "team": team}
    return Project.objects.create(**named | fields)


def make_person(
    user_name: str,
    *,
    leads: Iterable[Team] = (),
    member_of: Iterable[Team] = (),
    roles: Iterable[str] = (),
    addresses: Iterable[str] = (),
    subject: str = "",
    **fields: Any,
) -> Person:
    """An active person with the address `<user_name>@example.com` and those of `addresses`.

    `active=False` makes a disabled one. `subject` adds an identity at the issuer `https://idp.example.com`.
    """
    named = {"user_name": user_name, "name": user_name.capitalize(), "created_at": LONG_AGO}
    if not fields.get("active", True):
        named |= {"disabled_at": LONG_AGO}
    person = Person.objects.create(**named | fields)
    for place, address in enumerate([f"{user_name}@example.com", *addresses]):
        EmailAddress.objects.create(person=person, address=address, primary=place == 0)
    if subject:
        Identity.objects.create(person=person, issuer="https://idp.example.com", subject=subject)
    _place(person, leads, member_of, roles)
    return person


def cast() -> Cast:
    """Alice leads and bob belongs to team `anti-fraud` with project `anti-fraud-v2`; charlie is a stranger.

    Mia approves in lane `mlops`, sam in `security`; ada is auditor, root administrator.
    """
    team = make_team("anti-fraud", name="Anti-fraud")
    return Cast(
        alice=make_person("alice", leads=[team]),
        bob=make_person("bob", member_of=[team]),
        charlie=make_person("charlie"),
        mia=make_person("mia", roles=["approver:mlops"]),
        sam=make_person("sam", roles=["approver:security"]),
        ada=make_person("ada", roles=["auditor"]),
        root=make_person("root", roles=["administrator"]),
        team=team,
        project=make_project("anti-fraud-v2", team=team),
    )


def _place(person: Person, leads: Iterable[Team], member_of: Iterable[Team], roles: Iterable[str]) -> None:
    for team in leads:
        Membership.objects.create(team=team, person=person, role=TeamRole.LEAD)
    for team in member_of:
        Membership.objects.create(team=team, person=person, role=TeamRole.MEMBER)
    for role in roles:
        RoleAssignment.objects.create(person=person, role=role)
