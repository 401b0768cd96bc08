"""The list of people: pasted, uploaded, copied, mended in place; nothing is ever lost."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from approvals.requests.models import Request
from approvals.requests.testing import make_draft, make_request
from grants.directory.models import Person
from grants.directory.testing import make_person

FAULTS = "wang.lei@exmaple.com\nnobody@else.where\ngone\nTwin"


@pytest.fixture
def draft(scene):
    make_person("wang.lei")
    make_person("gone", active=False)
    make_person("twin1", name="Twin", employee_number="1")
    make_person("twin2", name="Twin", employee_number="2")
    return make_draft(scene)


@pytest.fixture
def post(draft, as_person):
    """Post to the members step with the present revision."""
    url = reverse("request-step", args=[draft.pk, "members"])

    def send(**data):
        return as_person("alice").post(url, {"revision": Request.objects.get(pk=draft.pk).revision} | data)

    send.url = url
    return send


def lines(draft):
    rows = draft.members.order_by("position").values_list("position", "raw", "state", "left_out")
    return {position: (raw, state, out) for position, raw, state, out in rows}


def upload(data, name="people.csv"):
    return SimpleUploadedFile(name, data, content_type="text/csv")


def test_pasted_people_are_added_and_shown_in_groups_with_counts(post, draft, as_person):
    page = post(people_text=f"{FAULTS}\ncharlie，BOB@example.com", add="1")
    assert page["Location"] == f"{post.url}#people"
    page = as_person("alice").get(post.url)
    assert page.context["counts"] == {"all": 7, "fixing": 4, "repeated": 1, "found": 2}
    assert [line.position for line in page.context["lines"]] == [2, 3, 4, 5, 7, 1, 6]
    assert [(str(chip["label"]), chip["count"]) for chip in page.context["chips"]] == [
        ("All", 7),
        ("Found", 2),
        ("Needs fixing", 4),
        ("Repeated", 1),
    ]


def test_a_group_alone_is_shown_by_its_chip(post, draft, as_person):
    post(people_text=FAULTS, add="1")
    page = as_person("alice").get(post.url, {"show": "found"})
    assert [line.raw for line in page.context["lines"]] == ["bob"]


def test_going_on_with_faults_lists_each_line_with_a_link(post, draft):
    post(people_text=FAULTS, add="1")
    page = post()
    assert page.status_code == 422
    assert page.context["errors"] == [
        ("#people", "4 of 5 lines need fixing. Fix them, or remove them for now"),
        ("#line-2", "Line 2: wang.lei@exmaple.com"),
        ("#line-3", "Line 3: nobody@else.where"),
        ("#line-4", "Line 4: gone"),
        ("#line-5", "Line 5: Twin"),
    ]
    assert b"<title>Error: Members" in page.content


def test_each_line_is_mended_in_its_own_way_and_leads_to_the_next(post, draft):
    post(people_text=FAULTS, add="1")
    page = post(fix="use:2", value="wang.lei@example.com")
    assert page["Location"] == f"{post.url}#line-3"
    post(fix="edit:3", value="charlie")
    post(fix="remove:4")
    twin = str(Person.objects.get(user_name="twin2").pk)
    page = post(fix="choose:5", value=twin)
    assert page["Location"] == f"{post.url}#line-5"
    assert lines(draft) == {
        1: ("bob", "found", False),
        2: ("wang.lei@example.com", "found", False),
        3: ("charlie", "found", False),
        4: ("gone", "inactive", True),
        5: ("Twin", "found", False),
    }
    assert post()["Location"] == reverse("request-step", args=[draft.pk, "purpose"])


def test_a_choice_that_was_not_offered_is_told_at_its_line(post, draft, scene):
    post(people_text=FAULTS, add="1")
    page = post(fix="choose:5", value=str(scene.people.charlie.pk))
    assert (page.status_code, page.context["errors"]) == (
        422,
        [("#value-5", "Choose one of the people offered for this line")],
    )


def test_a_repeated_line_can_take_the_place_of_the_first(post, draft):
    post(people_text="bob@example.com", add="1")
    post(fix="undo:2")
    assert lines(draft) == {1: ("bob", "found", True), 2: ("bob@example.com", "found", False)}


def test_faulty_lines_are_left_out_kept_and_put_back(post, draft, as_person):
    post(people_text=FAULTS, add="1")
    post(leave_out="1")
    page = as_person("alice").get(post.url)
    assert page.context["counts"] == {"all": 5, "left_out": 4, "found": 1}
    post(fix="keep:3")
    assert lines(draft)[3] == ("nobody@else.where", "not_found", False)


def test_the_shown_lines_are_downloaded_and_nothing_in_them_runs(post, draft, as_person):
    post(people_text="=HYPERLINK(x)\nwang.lei@exmaple.com", add="1")
    answer = as_person("alice").get(post.url, {"show": "fixing", "format": "csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.decode() == (
        "\ufeffLine,You wrote,State,Suggestion\r\n"
        "2,'=HYPERLINK(x),Not in the directory,\r\n"
        "3,wang.lei@exmaple.com,Not in the directory,wang.lei@example.com\r\n"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_file_is_read_in_each_encoding_and_asks_for_its_column(post, draft, encoding):
    page = post(upload="1", file=upload("姓名,邮箱,部门\n李娜,charlie@example.com,Risk\n".encode(encoding)))
    assert page.status_code == 200
    assert page.context["table"].column_names == ("姓名", "邮箱", "部门")
    assert page.context["form"]["column"].value() == 1
    assert page.context["ignored"] == ["姓名", "部门"]
    text = page.context["form"]["csv_text"].value()
    assert post(**{"import": "1"}, csv_text=text, column="1")["Location"] == f"{post.url}#people"
    assert lines(draft)[2] == ("charlie@example.com", "found", False)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        (
            "p.xlsx",
            b"PK\x03\x04rest",
            "The file must be a CSV. Yours is an Excel workbook (.xlsx). In Excel choose Save as, then CSV UTF-8",
        ),
        ("p.csv", b"email,name\n", "The file has a header but no people"),
        ("p.csv", b"", "The file is empty"),
        ("p.csv", b"x" * (1 << 20), "The file must be smaller than 1 MB. Yours is 1.0 MB"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_to_do(post, draft, name, data, message):
    page = post(upload="1", file=upload(data, name))
    assert page.status_code == 422
    assert page.context["upload"].errors == {"file": [message]}


def test_too_many_people_are_refused_with_the_text_kept(post, draft):
    text = "\n".join(f"p{n}" for n in range(501))
    page = post(people_text=text, add="1")
    assert page.status_code == 422
    assert page.context["paste"].errors == {
        "people_text": ["You can add up to 500 people. This list has 501"]
    }
    assert page.context["paste"]["people_text"].value() == text
    assert list(lines(draft)) == [1]


def test_people_left_in_the_box_are_not_lost_when_going_on(post, draft):
    page = post(people_text="charlie")
    assert page["Location"] == reverse("request-step", args=[draft.pk, "purpose"])
    assert lines(draft)[2] == ("charlie", "found", False)


def test_a_stale_paste_keeps_the_text(post, draft):
    page = post(people_text="charlie", add="1", revision=1)
    assert page.status_code == 409
    assert page.context["paste"]["people_text"].value() == "charlie"
    assert "This request changed while you were editing" in page.context["stale"]


def test_people_are_copied_from_an_earlier_request(post, draft, scene):
    earlier = make_request(scene, members=[scene.people.charlie])
    assert post(copy="1", source=earlier.pk)["Location"] == f"{post.url}#people"
    assert lines(draft) == {1: ("charlie", "found", False)}


def test_nobody_at_all_is_asked_for(post, draft):
    post(clear="1")
    page = post()
    assert (page.status_code, page.context["errors"]) == (
        422,
        [("#id_people_text", "Add at least one person")],
    )


def test_a_mended_line_leads_to_the_page_that_holds_the_next(post, draft, as_person):
    post(people_text="\n".join(f"nobody{number}" for number in range(60)), add="1")
    assert (
        post(fix="edit:51", value="charlie", show="fixing")["Location"] == f"{post.url}?show=fixing#line-52"
    )
    page = post(fix="edit:52", value="mia@example.com", show="fixing")
    assert page["Location"] == f"{post.url}?show=fixing#line-53"
    assert post(fix="edit:53", value="nobody")["Location"] == f"{post.url}?n=50#line-54"
    shown = as_person("alice").get(post.url, {"n": "50"}).context["lines"]
    assert [line.position for line in shown] == [54, 55, 56, 57, 58, 59, 60, 61, 1, 51, 52]


def test_a_suggestion_travels_in_its_button(post, draft):
    post(people_text=FAULTS, add="1")
    post(fix="use:2:wang.lei@example.com")
    assert lines(draft)[2] == ("wang.lei@example.com", "found", False)


def test_a_namesake_is_never_chosen_beforehand(post, draft, as_person):
    post(people_text=FAULTS, add="1")
    text = as_person("alice").get(post.url).content.decode()
    assert '<option value="">Choose a person</option>' in text
    assert "Twin · no team, 1" in text
    assert post(fix="choose:5", value="").status_code == 422


def test_when_nothing_is_left_to_fix_the_list_says_so_above_itself(post, draft, as_person):
    text = as_person("alice").get(post.url, {"show": "fixing"}).content.decode()
    assert "All lines are fine" in text
    assert "No lines here" in text
    assert 'id="save-now"' in text
