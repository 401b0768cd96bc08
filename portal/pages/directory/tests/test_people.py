"""People: found by any of their names, switched off and on, and filled from files with all faults at once."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from grants.directory.models import Person, Team
from grants.directory.testing import cast, make_person
from grants.lifecycle.testing import make_grant
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return cast()


def rows(person, query=""):
    return [row.user_name for row in as_person(person).get(f"/people/{query}").context["page"].rows]


def upload(browser, text, **more):
    return browser.post(
        "/directory/import/", {"file": SimpleUploadedFile("people.csv", text.encode()), **more}
    )


def test_members_see_their_team_and_auditors_everybody(people):
    assert rows(people.bob) == ["alice", "bob"]
    assert len(rows(people.ada)) == 7
    assert as_person(people.bob).get(f"/people/{people.charlie.pk}/").status_code == 404


def test_people_are_found_by_name_address_and_number(people):
    make_person("wang.lei", name="王磊", employee_number="10234", addresses=["lei@lab.example"])
    found = [rows(people.ada, f"?q={word}") for word in ("王磊", "LEI@lab", "10234", "wang")]
    assert found == [["wang.lei"]] * 4
    assert rows(people.ada, "?q=nobody") == []


def test_person_page_shows_access_to_who_may_see_it(people):
    make_grant(project=people.project, members=[people.bob])
    answer = as_person(people.ada).get(f"/people/{people.bob.pk}/")
    assert len(answer.context["grants"]) == 1
    assert "Disable" not in answer.text


def test_disabling_needs_a_reason_and_ends_everything(people):
    browser, address = as_person(people.root), f"/people/{people.bob.pk}/disable/"
    assert "signed out everywhere at once" in browser.get(address).text
    assert browser.post(address, {"reason": ""}).status_code == 422
    assert "This person is disabled" in browser.post(address, {"reason": "Left"}, follow=True).text
    assert not Person.objects.get(pk=people.bob.pk).active
    browser.post(f"/people/{people.bob.pk}/enable/")
    assert Person.objects.get(pk=people.bob.pk).active


def test_nobody_disables_themselves_and_only_administrators_others(people):
    own = as_person(people.root).post(f"/people/{people.root.pk}/disable/", {"reason": "x"})
    assert (own.status_code, "You cannot disable your own account" in own.text) == (422, True)
    assert (
        as_person(people.alice).post(f"/people/{people.bob.pk}/disable/", {"reason": "x"}).status_code == 403
    )
    assert as_person(people.ada).post(f"/people/{people.bob.pk}/enable/").status_code == 403


def test_sign_in_is_released_once(people):
    person = make_person("eve", subject="s1")
    browser = as_person(people.root)
    assert browser.post(f"/people/{person.pk}/release/").status_code == 302
    assert person.identities.count() == 0
    assert browser.post(f"/people/{person.pk}/release/").status_code == 422


def test_file_with_faults_changes_nothing_and_shows_them_all(people):
    answer = upload(as_person(people.root), "email,name,team\nnew@example.com,New,nowhere\nbad,,\n")
    assert answer.status_code == 422
    found = [(fault.line, fault.column, fault.code) for fault, _ in answer.context["faults"]]
    assert found == [(2, "team", "unknown_team"), (3, "email", "bad_email")]
    assert "There is no team “nowhere”" in answer.text
    assert not Person.objects.filter(user_name="new@example.com").exists()


def test_good_file_is_only_checked_when_asked_and_imported_otherwise(people):
    text = "team,team_name,cost_centre\nvision,Vision,C1\n"
    checked = upload(as_person(people.root), text, check="1")
    assert (checked.status_code, Team.objects.filter(key="vision").exists()) == (200, False)
    assert "Nothing was changed yet" in checked.text
    done = upload(as_person(people.root), text)
    assert (done.status_code, Team.objects.filter(key="vision").exists()) == (200, True)
    assert "1 lines: 1 new, 0 changed, 0 as before, 0 disabled." in done.text


def test_workbook_is_refused_in_words(people):
    content = b"PK\x03\x04" + b"xl/workbook.xml" * 20
    answer = as_person(people.root).post(
        "/directory/import/", {"file": SimpleUploadedFile("people.xlsx", content)}
    )
    assert (answer.status_code, "Save as, then CSV UTF-8" in answer.text) == (422, True)


@pytest.mark.parametrize("kind", ["teams", "projects", "people"])
def test_template_holds_the_columns_for_excel(people, kind):
    answer = as_person(people.root).get(f"/directory/template/{kind}.csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert b"team" in answer.content
    assert as_person(people.alice).get(f"/directory/template/{kind}.csv").status_code == 403


def test_import_is_for_administrators(people):
    assert as_person(people.ada).get("/directory/import/").status_code == 403


def test_statements_do_not_grow_with_rows(people):
    def more():
        for number in range(3):
            make_person(f"p{number}", member_of=[people.team], roles=["auditor"])

    assert_constant(as_person(people.ada), "/people/", more)


def test_person_needs_no_more_statements_for_more_access(people):
    def more():
        for _ in range(3):
            make_grant(project=people.project, members=[people.bob])

    more()
    assert_constant(as_person(people.root), f"/people/{people.bob.pk}/", more)
