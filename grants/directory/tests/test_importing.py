"""CSV imports: everything wrong is told at once, nothing is imported by half."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.directory import signals
from grants.directory.actors import actor_for
from grants.directory.models import Membership, Person, Project, Team
from grants.directory.roles import Source
from grants.directory.selectors import person_by_address
from grants.directory.services import import_directory
from grants.directory.standing import standing_of
from grants.directory.testing import cast, make_person, make_project, make_team
from grants.directory.texts import FAULTS, explain_fault
from grants.directory.types import ImportReport

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BY = operator("root")


def load(text: str, *, apply: bool = True, encoding: str = "utf-8") -> ImportReport:
    return import_directory(data=text.encode(encoding), filename="x.csv", by=BY, now=NOW, apply=apply)


def faults(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.code) for fault in report.faults]


PEOPLE = """\
email,user_name,name,employee_number,team,team_role,roles,contractor,active,shoe size
li.na@example.com;lina@example.com,lina,李娜,E-1,anti-fraud,lead,approver:mlops; auditor,no,yes,38
li.na@example.com,,,,risk,,,,,
bob@example.com,,Bob,E-2,risk,member,,yes,,41
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_people_are_made_with_places(encoding: str) -> None:
    make_team("anti-fraud"), make_team("risk")

    report = load(PEOPLE, encoding=encoding)

    assert (report.created, report.changed, report.applied, report.faults) == (2, 0, True, ())
    assert report.ignored_columns == ("shoe_size",)
    lina, bob = Person.objects.order_by("-user_name")
    assert (lina.name, lina.employee_number, lina.contractor) == ("李娜", "E-1", False)
    assert person_by_address("lina@example.com") == person_by_address("li.na@example.com") == lina
    assert lina.addresses.get(primary=True).address == "li.na@example.com"
    assert standing_of(lina).lanes == {"mlops"}
    assert {(m.team.key, m.role) for m in lina.memberships.all()} == {
        ("anti-fraud", "lead"),
        ("risk", "member"),
    }
    assert (bob.user_name, bob.contractor) == ("bob", True)
    assert Event.objects.filter(kind="grants.person.created").count() == 2
    assert Event.objects.get(kind="grants.directory.imported").detail["created"] == 2


def test_second_import_of_the_same_file_changes_and_records_nothing() -> None:
    make_team("anti-fraud"), make_team("risk")
    load(PEOPLE)
    before = Event.objects.count()

    report = load(PEOPLE)

    assert (report.created, report.changed, report.unchanged) == (0, 0, 2)
    assert Event.objects.count() == before


def test_dry_run_counts_like_the_import_and_changes_nothing() -> None:
    make_team("anti-fraud"), make_team("risk")
    make_person("bob")

    report = load(PEOPLE, apply=False)

    assert (report.created, report.changed, report.applied) == (1, 1, False)
    assert (Person.objects.count(), Event.objects.count()) == (1, 0)


def test_all_faults_are_told_with_line_and_column_and_nothing_is_imported() -> None:
    team = make_team("anti-fraud")
    make_person("carol", employee_number="E-9")
    make_person("dave"), make_person("erin")
    report = load(
        "email,user_name,name,employee_number,team,team_role,roles,contractor,active\n"
        "good@example.com,,,,anti-fraud,,,,\n"
        ",nobody,,,,,,,\n"
        "not an address,,,,,,,,\n"
        "a@example.com,,,E-9,,,,,\n"
        "b@example.com,,,,nowhere,boss,king,perhaps,maybe\n"
        "c@example.com,,One,,,lead,,,\n"
        "c@example.com,,Other,,,,,,\n"
        "dave@example.com;erin@example.com,,,,,,,,\n"
        "d@example.com;c@example.com,,,,,,,,\n"
        'e@example.com,,"Smith, E",,,,,,,one too many\n'
    )

    assert len(faults(report)) == 13
    assert set(faults(report)) == {
        (3, "email", "missing"),
        (4, "email", "bad_email"),
        (5, "employee_number", "taken"),
        (6, "team_role", "unknown_team_role"),
        (6, "roles", "unknown_role"),
        (6, "contractor", "not_yes_or_no"),
        (6, "active", "not_yes_or_no"),
        (6, "team", "unknown_team"),
        (7, "team_role", "role_without_team"),
        (8, "name", "contradicts"),
        (9, "email", "two_people"),
        (10, "email", "repeated"),
        (11, "", "too_many_cells"),
    }
    assert (report.applied, Person.objects.count(), team.memberships.count()) == (False, 3, 0)


def test_file_replaces_places_from_files_and_takes_over_those_from_claims() -> None:
    anti, risk = make_team("anti-fraud"), make_team("risk")
    bob = make_person("bob", member_of=[anti], roles=["auditor"])
    Membership.objects.create(person=bob, team=risk, role="lead", source=Source.CLAIMS)
    left: list[int] = []
    signals.person_left_team.connect(lambda **kw: left.append(kw["team_id"]), weak=False, dispatch_uid="test")

    load("email,team\nbob@example.com,risk\n")
    signals.person_left_team.disconnect(dispatch_uid="test")

    assert [(m.team.key, m.role, m.source) for m in bob.memberships.all()] == [("risk", "member", "csv")]
    assert left == [anti.pk]
    assert standing_of(bob).roles == {"auditor"}


def test_file_disables_and_enables_by_the_active_column() -> None:
    bob = make_person("bob")
    told: list[int] = []
    signals.person_disabled.connect(
        lambda **kw: told.append(kw["person_id"]), weak=False, dispatch_uid="test"
    )

    report = load("email,active\nbob@example.com,no\nnew@example.com,no\n")
    signals.person_disabled.disconnect(dispatch_uid="test")

    bob.refresh_from_db()
    assert (report.created, report.changed, report.disabled) == (1, 1, 2)
    assert (bob.active, bob.disabled_reason) == (False, "directory import")
    assert told == [bob.pk, Person.objects.get(user_name="new").pk]
    load("email,active\nbob@example.com,是\n")
    bob.refresh_from_db()
    assert (bob.active, bob.disabled_at) == (True, None)


def test_administrator_cannot_disable_own_account_by_file() -> None:
    root = cast().root

    report = import_directory(
        data=b"email,active\nroot@example.com,no\n", filename="x.csv", by=actor_for(root), now=NOW
    )

    assert faults(report) == [(2, "active", "own_account")]


def test_user_name_finds_person_whose_address_changed() -> None:
    bob = make_person("bob")

    load("email,user_name\nrobert@example.com,BOB\n")

    assert person_by_address("robert@example.com") == bob
    assert person_by_address("bob@example.com") == bob
    assert bob.addresses.get(primary=True).address == "robert@example.com"


def test_teams_and_projects_are_made_and_changed() -> None:
    load("team,team_name,cost_centre\nrisk,Risk,CC-7\n")
    header = "project_key,project_name,team,jira_project,jira_issue,gpu_quota,namespace,grace_hours\n"
    first = load(header + "r-1,风险一号,risk,RK,RK-12,8,risk-one,0\n")
    second = load(header + "r-1,,,,,16,,\n")

    project = Project.objects.get()
    assert Team.objects.get().cost_centre == "CC-7"
    assert (first.created, second.changed) == (1, 1)
    assert (project.name, project.jira_issue, project.gpu_quota, project.grace_hours) == (
        "风险一号",
        "RK-12",
        16,
        0,
    )
    assert Event.objects.get(kind="grants.project.changed").detail == {"changed": {"gpu_quota": [8, 16]}}


def test_projects_move_between_teams() -> None:
    project, other = make_project(), make_team("risk")

    load("project_key,team\nanti-fraud-v2,risk\n")

    project.refresh_from_db()
    assert project.team == other
    assert Event.objects.get(kind="grants.project.changed").detail == {
        "changed": {"team": ["anti-fraud", "risk"]}
    }


def test_project_faults_are_told_together() -> None:
    make_team("risk")

    report = load(
        "project_key,project_name,team,jira_issue,gpu_quota,namespace,grace_hours\n"
        "Bad Key,,risk,,,,\na,,,,,,\nb,,nowhere,RK12,many,Not_DNS,99999\nc,,risk,,,,\nc,,risk,,,,\n"
    )

    assert set(faults(report)) == {
        (2, "project_key", "bad_key"),
        (3, "team", "missing"),
        (4, "team", "unknown_team"),
        (4, "jira_issue", "bad_jira_issue"),
        (4, "gpu_quota", "bad_number"),
        (4, "namespace", "bad_namespace"),
        (4, "grace_hours", "bad_number"),
        (5, "project_key", "repeated"),
        (6, "project_key", "repeated"),
    }
    assert Project.objects.count() == 0


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"email\n", "only_header"),
        (b"who,what\na,b\n", "unknown_header"),
        (b"PK\x03\x04xl/workbook", "excel_workbook"),
        (b'email\n"a', "bad_quotes"),
    ],
)
def test_unusable_files_are_one_fault(data: bytes, code: str) -> None:
    report = import_directory(data=data, filename="x.csv", by=BY, now=NOW)

    assert [fault.code for fault in report.faults] == [code]
    assert explain_fault(report.faults[0])


def test_every_fault_has_a_sentence_without_leftovers() -> None:
    assert not [code for code, text in FAULTS.items() if "%(" in str(text) % {"value": "x"}]


def test_statements_do_not_grow_with_people() -> None:
    make_team("risk")
    counts = []
    for size, start in ((5, 0), (50, 100)):
        text = "email,team,roles\n" + "".join(f"p{start + n}@example.com,risk,auditor\n" for n in range(size))
        with CaptureQueriesContext(connection) as captured:
            load(text)
        counts.append(len(captured.captured_queries))
    assert counts[0] == counts[1]


def test_command_releases_identities() -> None:
    make_person("alice", subject="old")
    call_command("release_identities", "alice@example.com", stdout=StringIO())

    assert Event.objects.get().kind == "grants.identity.released"
    for address in ("alice@example.com", "nobody@example.com"):
        with pytest.raises(CommandError):
            call_command("release_identities", address)


def test_command_imports_and_reports(tmp_path: Path) -> None:
    make_team("risk")
    path = tmp_path / "people.csv"
    path.write_text("email,team\nzoe@example.com,risk\n", "utf-8")
    out, err = StringIO(), StringIO()

    call_command("import_directory", str(path), "--dry-run", stdout=out)
    call_command("import_directory", str(path), stdout=out)
    path.write_text("email,team\nzoe@example.com,nowhere\n", "utf-8")
    with pytest.raises(CommandError, match="1 faults"):
        call_command("import_directory", str(path), stdout=out, stderr=err)

    assert out.getvalue().splitlines() == [
        "Would import people: 1 new, 0 changed, 0 unchanged, 0 disabled.",
        "Imported people: 1 new, 0 changed, 0 unchanged, 0 disabled.",
    ]
    assert "line 2, team" in err.getvalue()
    assert Event.objects.get(kind="grants.directory.imported").actor.startswith("operator:")
