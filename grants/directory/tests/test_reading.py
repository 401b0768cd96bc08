"""Who may read what of the directory, and how pasted words find people."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.directory import lookup
from grants.directory.errors import DirectoryError
from grants.directory.folding import fold
from grants.directory.groups import GroupMapError, places_of, read_group_map
from grants.directory.lookup import DirectoryLookup
from grants.directory.models import Person
from grants.directory.selectors import (
    approvers_of,
    leads_of,
    people_visible_to,
    projects_requestable_by,
    projects_visible_to,
    teams_visible_to,
)
from grants.directory.services import change_project, enable_person, set_language
from grants.directory.standing import standing_of
from grants.directory.testing import Cast, cast, make_person, make_project, make_team
from grants.directory.types import ProjectChanges

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BY = operator("root")


@pytest.fixture
def people() -> Cast:
    made = cast()
    make_project("risk-1", team=make_team("risk"))
    return made


@pytest.mark.parametrize(
    ("name", "teams", "projects", "seen"),
    [
        ("alice", ["anti-fraud"], ["anti-fraud-v2"], ["alice", "bob"]),
        ("bob", ["anti-fraud"], ["anti-fraud-v2"], ["alice", "bob"]),
        ("charlie", [], [], ["charlie"]),
        *(
            (
                name,
                ["anti-fraud", "risk"],
                ["anti-fraud-v2", "risk-1"],
                ["ada", "alice", "bob", "charlie", "mia", "root", "sam"],
            )
            for name in ("mia", "sam", "ada", "root")
        ),
    ],
)
def test_each_role_sees_its_part(
    people: Cast, name: str, teams: list[str], projects: list[str], seen: list[str]
) -> None:
    viewer = standing_of(getattr(people, name))

    assert [team.key for team in teams_visible_to(viewer)] == teams
    assert [project.key for project in projects_visible_to(viewer)] == projects
    assert [person.user_name for person in people_visible_to(viewer)] == seen


def test_disabled_viewer_sees_only_themselves(people: Cast) -> None:
    people.root.active = False
    viewer = standing_of(people.root)

    assert (teams_visible_to(viewer).count(), people_visible_to(viewer).get()) == (0, people.root)


def test_only_leads_request_and_only_for_open_projects(people: Cast) -> None:
    make_project("old", team=people.team, state="closed")

    assert [p.key for p in projects_requestable_by(standing_of(people.alice))] == ["anti-fraud-v2"]
    for other in (people.bob, people.charlie, people.root, people.mia):
        assert projects_requestable_by(standing_of(other)).count() == 0


def test_approvers_and_leads_are_active_people(people: Cast) -> None:
    make_person("gone", leads=[people.team], roles=["approver:mlops"], active=False)

    assert list(approvers_of("mlops")) == [people.mia]
    assert list(leads_of(people.team)) == [people.alice]


@pytest.mark.parametrize(
    ("read", "limit"),
    [
        (lambda viewer: [str(team) for team in teams_visible_to(viewer)], 1),
        (lambda viewer: [project.team.name for project in projects_visible_to(viewer)], 1),
        (lambda viewer: [str(person) for person in people_visible_to(viewer)], 1),
    ],
)
def test_lists_take_the_same_queries_for_one_row_and_three(
    people: Cast, read: Callable[[object], list[str]], limit: int
) -> None:
    viewer = standing_of(people.ada)
    for extra in range(3):
        with CaptureQueriesContext(connection) as captured:
            assert read(viewer)
        assert len(captured) == limit
        make_project(f"more-{extra}", team=make_team(f"more-{extra}"))
        make_person(f"more-{extra}")


def test_lookup_finds_by_each_kind_of_token(people: Cast) -> None:
    lina = make_person(
        "lina", name="李 娜", employee_number="E-7", member_of=[people.team], addresses=["l@x.org"]
    )
    make_person("lina2", name="李 娜", active=False)
    directory = DirectoryLookup()

    assert directory.by_address([fold("L@X.org"), "nobody@x.org"])["l@x.org"][0].person_id == lina.pk
    assert [c.name for c in directory.by_user_name(["alice", "nobody"])["alice"]] == ["Alice"]
    assert directory.by_employee_number(["e-7"])["e-7"][0].hint == "Anti-fraud, E-7"
    assert [(c.active, c.hint) for c in directory.by_name([fold("李\u3000娜")])["李 娜"]] == [
        (True, "Anti-fraud, E-7"),
        (False, ""),
    ]
    assert directory.by_name([]) == {}


def test_lookup_of_folded_names_survives_a_change_of_name(people: Cast) -> None:
    people.bob.name = "Strauß"
    people.bob.save()

    assert set(DirectoryLookup().by_name([fold("STRAUSS")])) == {"strauss"}


def test_lookup_takes_one_query_for_one_token_and_for_many(people: Cast) -> None:
    for tokens in (["alice@example.com"], [f"{n}@example.com" for n in ("alice", "bob", "mia", "sam")]):
        with CaptureQueriesContext(connection) as captured:
            assert len(DirectoryLookup().by_address(tokens)) == len(tokens)
        assert len(captured) == 1


def test_near_addresses_are_all_when_few_and_alike_when_many(
    people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_person("alan", active=False)
    directory = DirectoryLookup()
    assert len(directory.near_addresses(["alcie@example.com"])) == 7

    monkeypatch.setattr(lookup, "NEAR_ALL", 3)
    assert directory.near_addresses(["alcie@example.com"]) == ["alice@example.com"]
    assert directory.near_addresses([]) == []


def test_project_changes_are_recorded_and_faults_change_nothing(people: Cast) -> None:
    changes = ProjectChanges(jira_issue="AF-12", grace_hours=0, name="Anti-fraud v2")
    project = change_project(project=people.project, changes=changes, by=BY, now=NOW)

    assert (project.jira_issue, project.grace_hours) == ("AF-12", 0)
    event = Event.objects.get()
    assert (event.kind, event.project, event.team) == (
        "grants.project.changed",
        "anti-fraud-v2",
        "anti-fraud",
    )
    assert event.detail == {
        "changed": {"grace_hours": [24, 0], "jira_issue": ["", "AF-12"]}
        | {"name": ["Anti fraud v2", "Anti-fraud v2"]}
    }
    wrong = ProjectChanges(
        jira_issue="af 12",
        namespace="Not_DNS",
        grace_hours=-1,
        notice_days=366,
        max_hold_days=-1,
        gpu_quota=10**9,
        name=" ",
        state="gone",
        jira_project="a",
    )
    with pytest.raises(DirectoryError) as refusal:
        change_project(project=project, changes=wrong, by=BY, now=NOW)
    assert set(refusal.value.detail["fields"]) == set(ProjectChanges.__dataclass_fields__)
    assert Event.objects.count() == 1


def test_same_settings_again_record_nothing(people: Cast) -> None:
    change_project(project=people.project, changes=ProjectChanges(grace_hours=24), by=BY, now=NOW)

    assert Event.objects.count() == 0


def test_enabling_and_language_are_recorded_once(people: Cast) -> None:
    gone = make_person("gone", active=False)
    for _ in range(2):
        enable_person(person=gone, by=BY, now=NOW)
        set_language(person=gone, language="zh-hans", by=BY, now=NOW)

    assert Person.objects.get(pk=gone.pk).language == "zh-hans"
    assert list(Event.objects.order_by("sequence").values_list("kind", flat=True)) == [
        "grants.person.enabled",
        "grants.person.changed",
    ]


def test_group_words_and_mapping() -> None:
    places = places_of(["purser:team:a:lead", "team:a", "team:B-1:member", "approver:security", "team:", "x"])
    assert (places.teams, places.roles) == ({"a": "lead", "B-1": "member"}, {"approver:security"})
    assert places_of(["x", "y"], {"x": ("team:a", "auditor")}).roles == {"auditor"}


@pytest.mark.parametrize("text", ["", "[]", '{"x": "king"}', '{"x": ["team:a", 3]}'])
def test_group_map_with_unknown_words_is_refused(tmp_path: object, text: str) -> None:
    path = tmp_path / "map.json"  # type: ignore[operator]
    path.write_text(text, "utf-8")
    with pytest.raises(GroupMapError, match=r"map\.json"):
        read_group_map(path)
