"""Repairing a pasted list in place: good lines are never lost, faulty ones are mended or left out."""

import pytest

from approvals.requests import services
from approvals.requests.errors import NotFound, NotSendable, RequestError, StaleRequest
from approvals.requests.selectors import line_counts, people_rows
from approvals.requests.testing import make_draft, make_scanned_image
from grants.directory.actors import actor_for
from grants.directory.testing import make_person
from grants.lifecycle.testing import make_grant


@pytest.fixture
def alice(scene, now):
    return {"by": actor_for(scene.people.alice), "now": now}


@pytest.fixture
def draft(scene):
    make_person("wei1", name="王磊", employee_number="10234")
    make_person("wei2", name="王磊", employee_number="10235")
    make_person("gone", active=False)
    lines = ["bob", "charlie@exmaple.com", "王磊", "gone", "BOB@example.com"]
    return make_draft(scene, people_lines=lines)


def states(draft):
    return [(row.position, row.state, row.left_out) for row in draft.members.all()]


def mend(draft, alice, position, action, value="", **more):
    return services.repair_line(request=draft, position=position, action=action, value=value, **alice, **more)


def test_each_line_has_its_state_and_what_helps(scene, draft):
    assert states(draft) == [
        (1, "found", False),
        (2, "not_found", False),
        (3, "ambiguous", False),
        (4, "inactive", False),
        (5, "repeated", True),
    ]
    rows = people_rows(draft)
    assert rows[1].found.suggestion == "charlie@example.com"
    assert [candidate.hint for candidate in rows[2].found.candidates] == ["no team, 10234", "no team, 10235"]
    assert rows[4].found.repeated_of == 1
    assert [row.needs_fixing for row in rows] == [False, True, True, True, False]
    assert line_counts(draft) == {"found": 1, "not_found": 1, "ambiguous": 1, "inactive": 1, "repeated": 1}


def test_faulty_lines_stop_the_sending_with_their_names(scene, draft, alice):
    with pytest.raises(NotSendable) as caught:
        services.submit(request=draft, revision=draft.revision, **alice)
    blocked = {
        r["code"]: r["params"].get("names")
        for r in caught.value.detail["results"]
        if r["result"] == "blocked"
    }
    assert blocked == {"unknown_people": "charlie@exmaple.com, 王磊", "inactive_people": "Gone"}


def test_a_whole_list_is_mended_line_by_line(scene, draft, alice):
    second = people_rows(draft)[2].found.candidates[1]
    draft = mend(draft, alice, 2, "use", "charlie@example.com")
    draft = mend(draft, alice, 3, "choose", str(second.person_id))
    draft = mend(draft, alice, 4, "edit", "root")
    assert states(draft)[:4] == [(n, "found", False) for n in (1, 2, 3, 4)]
    named = [row.person_id for row in draft.members.filter(left_out=False)]
    cast = scene.people
    assert named == [cast.bob.pk, cast.charlie.pk, second.person_id, cast.root.pk]
    assert services.submit(request=draft, revision=draft.revision, **alice).status == "pending"


def test_leaving_out_the_faulty_lines_keeps_them_in_the_draft(scene, draft, alice):
    draft = services.leave_out_faulty(request=draft, **alice)
    assert [row.position for row in draft.members.filter(left_out=True)] == [2, 3, 4, 5]
    assert [row.raw for row in draft.members.all()][1] == "charlie@exmaple.com"
    sent = services.submit(request=draft, revision=draft.revision, **alice)
    assert [member["name"] for member in sent.facts["members"]] == ["Bob"]


def test_a_line_removed_can_be_taken_back(draft, alice):
    draft = mend(draft, alice, 2, "remove")
    assert states(draft)[1] == (2, "not_found", True)
    draft = mend(draft, alice, 2, "undo")
    assert states(draft)[1] == (2, "not_found", False)


def test_removing_the_first_of_two_takes_the_second_in(scene, draft, alice):
    draft = mend(draft, alice, 1, "remove")
    assert states(draft)[0] == (1, "found", True)
    assert states(draft)[4] == (5, "found", False)


def test_undo_of_a_repeated_line_leaves_the_other_one_out(scene, draft, alice):
    draft = mend(draft, alice, 5, "undo")
    assert (states(draft)[0], states(draft)[4]) == ((1, "found", True), (5, "found", False))
    assert draft.members.filter(person=scene.people.bob, left_out=False).count() == 1


def test_editing_a_line_into_a_person_named_before_repeats_them(draft, alice):
    draft = mend(draft, alice, 2, "edit", "Bob <bob@example.com>")
    assert states(draft)[1] == (2, "repeated", True)


@pytest.mark.parametrize(
    ("position", "action", "value", "code"),
    [
        (99, "remove", "", "no_such_line"),
        (2, "edit", "  ", "bad_repair"),
        (3, "choose", "1", "bad_repair"),
        (3, "choose", "nobody", "bad_repair"),
        (2, "explode", "", "bad_repair"),
    ],
)
def test_a_repair_that_cannot_be_is_refused_and_changes_nothing(draft, alice, position, action, value, code):
    before = states(draft)
    with pytest.raises((NotFound, RequestError)) as caught:
        mend(draft, alice, position, action, value)
    assert caught.value.code == code
    assert states(draft) == before


def test_a_repair_of_a_list_that_changed_meanwhile_is_stale(draft, alice):
    mend(draft, alice, 4, "remove", revision=draft.revision)
    with pytest.raises(StaleRequest):
        mend(draft, alice, 2, "remove", revision=draft.revision)


def test_who_holds_all_images_already_is_said_and_may_still_be_asked_for(scene, alice):
    make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    draft = make_draft(scene, people_lines=["bob", "charlie"])
    assert [row.state for row in draft.members.all()] == ["already_has_access", "found"]
    sent = services.submit(request=draft, revision=draft.revision, **alice)
    warnings = [result for result in sent.results if result["result"] == "warning"]
    assert [(result["code"], result["params"]["count"]) for result in warnings] == [("duplicate_grant", 1)]


def test_a_weaker_role_or_another_image_is_not_the_access_asked_for(scene):
    make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    stronger = make_draft(scene, role="developer")
    both = make_draft(scene, images=[scene.image, make_scanned_image("fraud/third")])
    assert [d.members.get().state for d in (stronger, both)] == ["found", "found"]


def test_two_hundred_lines_with_eight_faults(scene, alice, django_assert_max_num_queries):
    for number in range(192):
        make_person(f"person{number}")
    lines = [f"person{n}@example.com" for n in range(192)] + [f"nobody{n}@exmaple.com" for n in range(8)]
    draft = make_draft(scene, people_text="\n".join(lines))
    assert line_counts(draft) == {"found": 192, "not_found": 8}
    with django_assert_max_num_queries(40):
        draft = services.leave_out_faulty(request=draft, **alice)
    assert (
        services.submit(request=draft, revision=draft.revision, **alice).facts["members"][191]["known"]
        is True
    )
