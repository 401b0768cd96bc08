"""One grant: people, deliveries with causes, commands, history; and what ends or lengthens it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests.testing import approve_all, make_request, make_scene
from audit.ledger.models import Event
from grants.catalogue.models import Cluster
from grants.catalogue.testing import make_registry
from grants.delivery.models import Attempt, Delivery
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from grants.tracker.testing import wind_down
from portal.pages.testing import as_person, assert_constant
from portal.pages.testing import make_pull as pull

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return make_scene()


@pytest.fixture
def grant(scene):
    return make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])


def failing(grant, person):
    now = timezone.now()
    row = Delivery.objects.create(
        grant=grant,
        target="main",
        kind="member",
        key=person.label,
        since=now,
        failures=3,
        attempts=3,
        last_error="HTTP 503",
        next_attempt_at=now + timedelta(hours=1),
    )
    Attempt.objects.create(
        delivery=row, action="apply", fence=1, intent_at=now, outcome="failed", outcome_at=now,
        error_kind="transient",
    )  # fmt: skip
    return row


def test_member_reads_until_when_and_how(scene, grant):
    pull(grant, person=scene.people.bob.label)
    text = as_person(scene.people.bob).get(f"/grants/{grant.pk}/").text
    assert "Active for you until" in text
    assert "docker pull main.registry.test/fraud/base:stable" in text
    assert "Create a token valid 12 hours" in text


def test_client_is_chosen_by_link_and_remembered(scene, grant):
    browser, address = as_person(scene.people.bob), f"/grants/{grant.pk}/"
    assert "skopeo copy --src-tls-verify=false" in browser.get(f"{address}?client=skopeo").text
    assert "skopeo copy --src-tls-verify=false" in browser.get(address).text
    assert "skopeo copy" in browser.get(f"{address}?client=rot13").text


def test_lead_who_is_no_member_gets_no_commands(scene, grant):
    assert "How to pull" not in as_person(scene.people.alice).get(f"/grants/{grant.pk}/").text


def test_ended_grant_gets_no_commands(scene):
    ended = make_grant(project=scene.project, members=[scene.people.bob], status="ended")
    text = as_person(scene.people.bob).get(f"/grants/{ended.pk}/").text
    assert "How to pull" not in text
    assert "Revoked" in text


def test_stranger_does_not_find_it(scene, grant):
    for address in ("", "return/", "extend/", "revoke/"):
        assert as_person(scene.people.charlie).get(f"/grants/{grant.pk}/{address}").status_code == 404


def test_failing_delivery_is_told_in_plain_words_with_its_next_try(scene, grant):
    failing(grant, scene.people.bob)
    text = as_person(scene.people.bob).get(f"/grants/{grant.pk}/").text
    assert "1 part needs attention" in text
    assert "The registry could not be reached, or was busy." in text
    assert "3 tries so far" in text
    assert "HTTP 503" in text


def test_lead_has_failing_parts_tried_again_now_and_members_cannot(scene, grant):
    row, before = failing(grant, scene.people.bob), timezone.now()
    assert as_person(scene.people.bob).post(f"/grants/{grant.pk}/retry/").status_code == 403
    answer = as_person(scene.people.alice).post(f"/grants/{grant.pk}/retry/", follow=True)
    assert "Trying again now" in answer.text
    row.refresh_from_db()
    assert before <= row.next_attempt_at <= timezone.now()
    assert Event.objects.get(kind="grants.delivery.retried").detail == {"lines": 1}
    Delivery.objects.update(failures=0)
    again = as_person(scene.people.alice).post(f"/grants/{grant.pk}/retry/", follow=True)
    assert "Nothing is failing any more" in again.text


def test_lead_returns_access_after_reading_what_happens(scene, grant):
    browser, address = as_person(scene.people.alice), f"/grants/{grant.pk}/return/"
    page = browser.get(address)
    assert "Return access for 1 person now?" in page.text
    browser.post(address, {"seen": page.context["seen"], "note": "Done early"})
    grant.refresh_from_db()
    assert (grant.status, grant.end_reason, grant.end_note) == ("revoking", "returned", "Done early")


def test_member_may_not_return_and_reads_why(scene, grant):
    answer = as_person(scene.people.bob).get(f"/grants/{grant.pk}/return/")
    assert (answer.status_code, "You cannot change this access" in answer.text) == (403, True)


def test_revoking_needs_a_reason(scene, grant):
    browser, address = as_person(scene.people.sam), f"/grants/{grant.pk}/revoke/"
    empty = browser.post(address, {"seen": grant.ends.isoformat(), "note": ""})
    assert (empty.status_code, "Enter a reason" in empty.text) == (422, True)
    browser.post(address, {"seen": grant.ends.isoformat(), "note": "Leaked"})
    grant.refresh_from_db()
    assert (grant.status, grant.end_reason) == ("revoking", "revoked")


def test_extending_moves_the_end_to_the_last_second_of_the_day(scene, grant):
    day = (timezone.now() + timedelta(days=120)).date()
    browser, address = as_person(scene.people.root), f"/grants/{grant.pk}/extend/"
    browser.post(address, {"seen": grant.ends.isoformat(), "ends": day.isoformat()})
    ends = Grant.objects.get(pk=grant.pk).ends
    assert (ends.date(), ends.hour, ends.minute) == (day, 23, 59)


def test_extending_to_an_earlier_day_is_refused_at_the_field(scene, grant):
    answer = as_person(scene.people.root).post(
        f"/grants/{grant.pk}/extend/",
        {"seen": grant.ends.isoformat(), "ends": timezone.now().date().isoformat()},
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors == {"ends": ["Choose an end later than the present one."]}


def test_whoever_decides_on_an_older_window_is_asked_to_look_again(scene, grant):
    seen = grant.ends.isoformat()
    Grant.objects.filter(pk=grant.pk).update(ends=grant.ends + timedelta(days=5), changed_by="Mia")
    answer = as_person(scene.people.sam).post(f"/grants/{grant.pk}/revoke/", {"seen": seen, "note": "Leaked"})
    assert (answer.status_code, "This access was changed meanwhile (Mia" in answer.text) == (422, True)
    assert Grant.objects.get(pk=grant.pk).status == "active"
    assert answer.context["seen"] != seen


def test_history_tells_who_granted_it(scene):
    approve_all(scene, make_request(scene))
    issued = Grant.objects.get()
    entries = as_person(scene.people.bob).get(f"/grants/{issued.pk}/").context["history"]
    assert [(entry.line.title, entry.line.event.actor_name) for entry in entries] == [
        ("Access was granted", "Mia")
    ]


def test_statements_do_not_grow_with_people(scene, grant):
    failing(grant, scene.people.bob)

    def more():
        for number in range(3):
            person = make_person(f"mate{number}")
            grant.members.create(person=person)
            failing(grant, person)
            pull(grant, person=person.label)

    assert_constant(as_person(scene.people.root), f"/grants/{grant.pk}/", more)


def test_each_system_is_shown_with_its_own_end_and_what_it_keeps(scene):
    people = scene.people
    grant = make_grant(project=scene.project, members=[people.bob, people.alice], images=[scene.image])
    make_registry("harbor", kind="harbor", name="Harbor")
    Cluster.objects.create(key="gpu", name="GPU cluster")
    end = grant.ends
    for target, kind, key, status, own in [
        ("main", "member", people.bob.label, "verified", None),
        ("main", "image", scene.image.repository, "verified", None),
        ("harbor", "member", people.bob.label, "verified", end),
        ("harbor", "member", people.alice.label, "wanted", end),
        ("gpu", "tenant", "anti-fraud-v2", "verified", None),
    ]:
        due = grant.starts if status == "wanted" else None
        Delivery.objects.create(
            grant=grant, target=target, kind=kind, key=key, status=status, since=grant.starts,
            ends_itself_at=own, next_attempt_at=due,
        )  # fmt: skip
    page = as_person(people.bob).get(f"/grants/{grant.pk}/")
    rows = {row.name: row for row in page.context["systems"]}
    assert [(name, row.progress.ready, row.progress.wanted) for name, row in rows.items()] == [
        ("GPU cluster", 1, 1),
        ("Harbor", 1, 2),
        ("Main registry", 2, 2),
    ]
    assert (rows["Harbor"].progress.ends_itself_at, rows["GPU cluster"].progress.ends_itself_at) == (
        end,
        None,
    )
    assert [line.delivery.key for line in rows["GPU cluster"].others] == ["anti-fraud-v2"]
    text = page.text
    assert "Yes: tokens end with the access" in text
    assert "No: Purser takes it away" in text


def test_every_image_has_a_panel_of_its_own_name(scene):
    images = [scene.image, scene.restricted]
    grant = make_grant(project=scene.project, members=[scene.people.bob], images=images)
    text = as_person(scene.people.bob).get(f"/grants/{grant.pk}/").text
    assert [text.count(f'id="how-to-pull{number}"') for number in ("", "2")] == [1, 1]


def test_a_running_end_of_the_project_is_named_on_live_access_only(scene, grant):
    ended = make_grant(project=scene.project, members=[scene.people.bob], status="ended")
    wind_down(scene.project, now=timezone.now())
    browser = as_person(scene.people.bob)
    shown = [browser.get(f"/grants/{one.pk}/").context["ending"] for one in (grant, ended)]
    assert (shown[0][:15], shown[0][-24:], shown[1]) == ("Access ends on ", " because of AF-12: Done.", "")
    assert 'id="end-of-access"' in browser.get(f"/grants/{grant.pk}/").text
