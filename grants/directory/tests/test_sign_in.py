"""What a sign-in changes: who somebody is, and the places their groups give."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from audit.ledger.models import Event
from grants.directory import signals
from grants.directory.actors import actor_for
from grants.directory.errors import SignInRefused
from grants.directory.models import Membership, Person
from grants.directory.roles import Source, TeamRole
from grants.directory.selectors import person_by_address
from grants.directory.services import apply_claims, disable_person, release_identities
from grants.directory.standing import standing_of
from grants.directory.testing import Cast, cast, make_person, make_team
from grants.directory.types import Claims

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ISSUER = "https://idp.example.com"


def arrive(subject: str = "s-1", issuer: str = ISSUER, **claims: object) -> Person:
    given = {"address": "dora@example.com", "address_verified": True, "user_name": "dora", "name": "Dora"}
    return apply_claims(issuer=issuer, subject=subject, claims=Claims(**(given | claims)), now=NOW)  # type: ignore[arg-type]


def kinds() -> list[str]:
    return list(Event.objects.order_by("sequence").values_list("kind", flat=True))


def test_unknown_identity_makes_person_once() -> None:
    first, second = arrive(), arrive()

    assert first == second
    assert (first.user_name, first.name) == ("dora", "Dora")
    assert [a.address for a in first.addresses.filter(primary=True, verified=True)] == ["dora@example.com"]
    assert kinds() == ["grants.person.created", "grants.identity.linked", "grants.person.address_set"]
    assert set(Event.objects.values_list("actor", flat=True)) == {"system:sign-in"}


def test_verified_address_links_identity_to_person_of_the_directory() -> None:
    alice = make_person("alice", addresses=["a.smith@example.com"])

    found = arrive(address="a.smith@example.com", user_name="asmith", name="Alice")

    assert found == alice
    assert alice.identities.get().subject == "s-1"
    assert alice.addresses.get(primary=True).address == "a.smith@example.com"
    assert person_by_address("ALICE@example.com") == alice


def test_aliases_of_one_person_never_make_a_second() -> None:
    make_person("alice", addresses=["a.smith@example.com"], subject="s-1")

    arrive(address="a.smith@example.com")
    arrive(address="alice@example.com")
    arrive(address="new-alias@example.com")

    assert Person.objects.count() == 1
    assert Person.objects.get().addresses.count() == 3


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"address": "alice@example.com", "address_verified": False}, "address_not_verified"),
        ({"address": "", "user_name": "alice"}, "user_name_taken"),
        ({"address": "other@example.com", "user_name": "alice"}, "user_name_taken"),
    ],
)
def test_doubtful_identity_is_refused_and_changes_nothing(claims: dict[str, object], code: str) -> None:
    make_person("alice")

    with pytest.raises(SignInRefused) as refusal:
        arrive(**claims)

    assert (refusal.value.code, refusal.value.status) == (code, 403)
    assert (Person.objects.count(), kinds()) == (1, [])


def test_second_subject_of_one_issuer_never_inherits_by_address() -> None:
    alice = make_person("alice", subject="old")

    with pytest.raises(SignInRefused) as refusal:
        arrive(subject="new", address="alice@example.com")
    assert refusal.value.code == "identity_conflict"

    root = make_person("root")
    release_identities(person=alice, by=actor_for(root), now=NOW)
    assert arrive(subject="new", address="alice@example.com") == alice


def test_second_issuer_links_by_verified_address() -> None:
    alice = make_person("alice", subject="s-1")

    assert arrive(issuer="https://saml.example.com", subject="x", address="alice@example.com") == alice
    assert alice.identities.count() == 2


def test_user_name_given_anew_at_the_same_issuer_makes_a_second_person() -> None:
    make_person("dora", subject="old")

    assert arrive(address="dora2@example.com").user_name == "dora-2"


def test_unverified_address_is_not_kept() -> None:
    person = arrive(address_verified=False)

    assert person.addresses.count() == 0
    assert person_by_address("dora@example.com") is None


def test_address_of_somebody_else_is_not_taken_over() -> None:
    bob = make_person("bob")
    arrive()
    arrive(address="bob@example.com")

    assert person_by_address("bob@example.com") == bob


def test_disabled_person_is_refused_without_changes() -> None:
    make_person("dora", subject="s-1", active=False)

    with pytest.raises(SignInRefused) as refusal:
        arrive(groups=("auditor",), name="New name")

    assert refusal.value.code == "person_disabled"
    assert kinds() == []


def test_groups_become_teams_and_roles() -> None:
    anti, risk = make_team("anti-fraud"), make_team("risk")
    groups = (
        "purser:team:anti-fraud:lead",
        "team:risk",
        "approver:mlops",
        "team:nowhere",
        "staff",
        "approver:x",
    )

    person = arrive(groups=groups)

    standing = standing_of(person)
    assert standing.led_team_ids == {anti.pk}
    assert standing.team_ids == {anti.pk, risk.pk}
    assert standing.roles == {"approver:mlops"}


def test_changed_groups_replace_places_and_tell_who_left() -> None:
    make_team("anti-fraud"), make_team("risk")
    left: list[dict[str, object]] = []
    signals.person_left_team.connect(lambda **kwargs: left.append(kwargs), weak=False, dispatch_uid="test")
    arrive(groups=("team:anti-fraud", "team:risk", "auditor"))

    person = arrive(groups=("team:risk:lead", "administrator"))
    signals.person_left_team.disconnect(dispatch_uid="test")

    assert [(m.team.key, m.role) for m in person.memberships.all()] == [("risk", TeamRole.LEAD)]
    assert standing_of(person).roles == {"administrator"}
    assert [(entry["person_id"], entry["now"]) for entry in left] == [(person.pk, NOW)]
    assert kinds()[-5:] == [
        "grants.role.given",
        "grants.membership.set",
        "grants.membership.removed",
        "grants.role.given",
        "grants.role.taken",
    ]


def test_unchanged_sign_in_records_nothing() -> None:
    make_team("risk")
    arrive(groups=("team:risk", "auditor"))
    before = kinds()

    arrive(groups=("auditor", "team:risk"))

    assert kinds() == before


def test_places_from_csv_stand_at_sign_in() -> None:
    team = make_team("risk")
    dora = make_person("dora", member_of=[team], roles=["auditor"], subject="s-1")

    arrive(groups=("team:risk:lead",))
    arrive(groups=())

    place = Membership.objects.get(person=dora)
    assert (place.role, place.source) == (TeamRole.MEMBER, Source.CSV)
    assert standing_of(dora).roles == {"auditor"}


def test_groups_that_could_not_be_said_leave_places_alone() -> None:
    make_team("risk")
    person = arrive(groups=("team:risk",))

    arrive(groups=None)

    assert person.memberships.count() == 1


def test_mapping_file_replaces_words(settings: object, tmp_path: Path) -> None:
    make_team("risk")
    path = tmp_path / "groups.json"
    path.write_text(json.dumps({"CN=Risk,OU=X": ["team:risk:lead", "auditor"]}), "utf-8")
    settings.GROUP_MAP_FILE = str(path)  # type: ignore[attr-defined]

    standing = standing_of(arrive(groups=("CN=Risk,OU=X", "administrator")))

    assert (standing.is_lead, standing.roles) == (True, {"auditor"})


def test_first_administrator_needs_a_verified_address(settings: object) -> None:
    settings.FIRST_ADMINISTRATORS = ["Dora@Example.com"]  # type: ignore[attr-defined]

    assert not standing_of(arrive(subject="impostor", user_name="x", address_verified=False)).is_administrator
    assert standing_of(arrive(groups=())).is_administrator


def test_first_administrator_needs_no_groups_claim(settings: object) -> None:
    settings.FIRST_ADMINISTRATORS = ["Dora@Example.com"]  # type: ignore[attr-defined]
    make_team("risk")
    arrive(groups=("team:risk", "auditor"))

    standing = standing_of(arrive(groups=None))

    assert (len(standing.team_ids), standing.roles) == (1, {"auditor", "administrator"})


def test_disabled_person_is_announced_once_and_own_account_is_kept() -> None:
    people: Cast = cast()
    told: list[int] = []
    listener: Callable[..., None] = lambda **kwargs: told.append(kwargs["person_id"])  # noqa: E731
    signals.person_disabled.connect(listener, weak=False, dispatch_uid="test")
    root = actor_for(people.root)

    for _ in range(2):
        disable_person(person=people.bob, reason="left", by=root, now=NOW)
    with pytest.raises(Exception, match="own account"):
        disable_person(person=people.root, reason="", by=root, now=NOW)
    signals.person_disabled.disconnect(dispatch_uid="test")

    people.bob.refresh_from_db()
    assert (people.bob.active, people.bob.disabled_at, told) == (False, NOW, [people.bob.pk])
    assert kinds() == ["grants.person.disabled"]
