"""Who hears of what, once, in their language; mail that fails is tried again and shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.testing import Scene, approve_all, decide_as, make_draft, make_request, make_scene
from audit.ledger.actors import system
from audit.ledger.services import audited
from grants.delivery.models import Delivery
from grants.directory.actors import actor_for
from grants.directory.models import Person
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from grants.tracker.models import Watch, WindDown
from portal.notify import services as services_of_mail
from portal.notify.kinds import OF_COSTS, Kind, reminder_days
from portal.notify.models import Notification
from portal.notify.receivers import (
    grant_changed,
    project_done,
    project_end_moved,
    project_end_near,
    project_reopened,
)
from portal.notify.reminders import alarm_of_removals, remind_of_endings
from portal.notify.services import mark_read, notify, send_due
from portal.notify.texts import message_of

pytestmark = pytest.mark.django_db
READY = {"project": "Fraud", "team": "Anti-Fraud", "images": "ai/torch", "ends": "2026-12-01T00:00:00+00:00"}


@pytest.fixture(autouse=True)
def _memory(settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


@pytest.fixture
def stage() -> Scene:
    return make_scene()


def told(kind: Kind) -> set[str]:
    return set(Notification.objects.filter(kind=kind).values_list("recipient__user_name", flat=True))


def test_sending_a_request_asks_those_who_may_decide(stage: Scene) -> None:
    make_request(stage)
    assert (told(Kind.ASKED), Notification.objects.count()) == ({"mia"}, 1)


def test_an_approver_who_wrote_part_of_the_request_is_not_asked_to_decide_it(stage: Scene) -> None:
    colin = make_person("colin", leads=[stage.people.team], roles=["approver:mlops"])
    draft, by, now = make_draft(stage), actor_for(colin), timezone.now()
    services.submit(request=draft, revision=draft.revision, by=by, now=now)
    assert told(Kind.ASKED) == {"mia"}


def test_a_restricted_image_asks_both_lanes(stage: Scene) -> None:
    make_request(stage, images=[stage.restricted])
    assert told(Kind.ASKED) == {"mia", "sam"}


def test_a_question_reaches_the_requester_and_the_answer_the_asker(stage: Scene) -> None:
    request = make_request(stage)
    decide_as(stage.people.mia, request, "mlops", "ask", reason="Which data?")
    assert told(Kind.QUESTION) == {"alice"}
    services.answer(
        request=request,
        text="Card data",
        author=stage.people.alice,
        by=actor_for(stage.people.alice),
        now=timezone.now(),
    )
    assert told(Kind.ANSWER) == {"mia"}
    assert "Which data?" in message_of(Notification.objects.get(kind=Kind.QUESTION), language="en").body


def test_a_decision_reaches_the_requester_and_frees_the_others(stage: Scene) -> None:
    other = make_person("mo")
    other.roles.create(role="approver:mlops")
    decide_as(stage.people.mia, make_request(stage), "mlops")
    assert told(Kind.DECIDED) == {"alice"}
    assert told(Kind.DECIDED_ELSEWHERE) == {"mo"}


def test_a_refusal_frees_every_lane(stage: Scene) -> None:
    request = make_request(stage, images=[stage.restricted])
    decide_as(stage.people.mia, request, "mlops", "deny", reason="No")
    assert told(Kind.DECIDED_ELSEWHERE) == {"sam"}
    subject = message_of(Notification.objects.get(kind=Kind.DECIDED), language="en").subject
    assert subject == f"{request.number} for Anti-fraud: Rejected"


def test_members_hear_when_access_is_ready_and_when_it_has_ended(stage: Scene) -> None:
    approve_all(stage, make_request(stage))
    grant = Grant.objects.get()
    for event, kind in (("active", Kind.READY), ("ended", Kind.ENDED)):
        for _again in range(2):
            grant_changed(grant_id=grant.pk, event=event, now=timezone.now())
        assert told(kind) == {"alice", "bob"}
    assert Notification.objects.filter(kind=Kind.READY).count() == 2


def test_the_same_occasion_is_told_once(stage: Scene) -> None:
    for _again in range(3):
        notify(people=[stage.people.bob.pk], kind=Kind.READY, occasion="x", now=timezone.now(), grant_id=1)
    assert Notification.objects.count() == 1


def test_disabled_people_are_told_nothing(stage: Scene) -> None:
    Person.objects.filter(pk=stage.people.bob.pk).update(active=False, disabled_at=timezone.now())
    assert notify(people=[stage.people.bob.pk], kind=Kind.READY, occasion="x", now=timezone.now()) == 0


def test_a_change_that_does_not_commit_tells_nobody(stage: Scene) -> None:
    def refused() -> None:
        with audited(by=system("test")):
            notify(
                people=[stage.people.bob.pk], kind=Kind.READY, occasion="x", now=timezone.now(), grant_id=1
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refused()
    assert Notification.objects.count() == 0


def test_mail_is_sent_once_with_a_link_and_a_stable_message_id(stage: Scene, settings: Any) -> None:
    request = make_request(stage)
    now = timezone.now()
    assert [send_due(now=now), send_due(now=now + timedelta(minutes=5))] == [1, 0]
    (message,) = mail.outbox
    row = Notification.objects.get()
    assert message.to == ["mia@example.com"]
    assert f"{settings.BASE_URL}/approvals/{request.pk}/" in message.body
    assert message.extra_headers["Message-ID"].startswith(f"<notification-{row.pk}@")
    assert (row.mail_state, row.mail_attempts) == ("sent", 1)


def test_mail_that_fails_is_tried_again_with_growing_pauses(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_request(stage)
    now = timezone.now()

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", refuse)
    send_due(now=now)
    first = Notification.objects.get()
    assert (first.mail_state, first.mail_error) == ("failing", "ConnectionRefusedError")
    send_due(now=first.mail_due_at)
    second = Notification.objects.get()
    assert second.mail_due_at - first.mail_due_at > first.mail_due_at - now
    monkeypatch.undo()
    assert send_due(now=second.mail_due_at) == 1


def test_mail_that_another_worker_claimed_meanwhile_is_not_sent_twice(
    stage: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mail server that is slow, and a claim that runs out while the first mails are being sent."""
    now = timezone.now()
    people = [person.pk for person in (stage.people.alice, stage.people.bob, stage.people.mia)]
    notify(people=people, kind=Kind.READY, occasion="slow", now=now, params=READY, grant_id=1)
    send, sent = services_of_mail._send, []

    def slowly(row: Notification, **said: Any) -> bool:
        done = send(row, **said)
        if not sent:
            sent.append(row)
            sent.append(send_due(now=now + timedelta(minutes=3)))
        return done

    monkeypatch.setattr(services_of_mail, "_send", slowly)
    assert (send_due(now=now), sent[1]) == (1, 2)
    assert sorted(message.to[0] for message in mail.outbox) == [
        "alice@example.com",
        "bob@example.com",
        "mia@example.com",
    ]


def test_a_person_without_an_address_is_said_to_have_none(stage: Scene) -> None:
    make_request(stage)
    stage.people.mia.addresses.all().delete()
    assert send_due(now=timezone.now()) == 0
    assert Notification.objects.get().mail_state == "no_address"


def test_one_bad_row_does_not_stop_the_rest(stage: Scene) -> None:
    now = timezone.now()
    notify(people=[stage.people.bob.pk], kind=Kind.READY, occasion="broken", now=now, params={}, grant_id=1)
    make_request(stage)
    assert send_due(now=timezone.now()) == 1
    assert Notification.objects.get(kind=Kind.READY).mail_state == "failing"


def test_a_line_break_in_free_text_cannot_add_a_header(stage: Scene) -> None:
    make_request(stage)
    row = Notification.objects.get()
    row.params["project"] = "Fraud\r\nBcc: evil@example.com"
    assert "\n" not in message_of(row, language="en").subject


@pytest.mark.parametrize(
    ("length", "days"),
    [(1, (1,)), (3, (1,)), (7, (3, 1)), (30, (7, 1)), (90, (21, 7, 1)), (180, (21, 7, 1))],
)
def test_reminders_are_scaled_to_the_length(length: float, days: tuple[int, ...]) -> None:
    assert reminder_days(length) == days


def test_each_threshold_is_told_once(stage: Scene) -> None:
    now = timezone.now()
    grant = make_grant(
        project=stage.project, members=[stage.people.bob], starts=now, ends=now + timedelta(days=90)
    )
    tellings = [
        remind_of_endings(now=grant.ends - timedelta(days=days, hours=-1)) and Notification.objects.count()
        for days in (30, 21, 20, 7, 1)
    ]
    assert tellings == [0, 2, 2, 4, 6]


def test_one_reads_only_ones_own(stage: Scene) -> None:
    make_request(stage)
    row = Notification.objects.get()
    assert mark_read(recipient=stage.people.bob, now=timezone.now(), pks=[row.pk]) == 0
    assert mark_read(recipient=stage.people.mia, now=timezone.now()) == 1


def test_every_kind_has_words_in_both_languages(stage: Scene) -> None:
    request: Request = make_request(stage)
    row = Notification.objects.get()
    row.grant_id = 1
    row.params |= {
        "key": "x",
        "outcome": "denied",
        "text": "Why",
        "ends": timezone.now().isoformat(),
        "number": request.number,
        "subject": "person:1",
        "target": "main",
        "count": 3,
        "doing": "repair",
        "actor": "Root",
        "hold": 1,
        "grants": 40,
        "share": 60,
        "trigger": "jira",
    }
    for kind in set(Kind) - OF_COSTS:
        row.kind = kind
        for language in ("en", "zh-hans"):
            assert request.number in (said := message_of(row, language=language)).subject + said.body or kind in {
                Kind.READY, Kind.ENDING, Kind.ENDED, Kind.FAILED, Kind.PROJECT_DONE, Kind.PROJECT_REOPENED,
                Kind.REMOVAL_OVERDUE, Kind.PROJECT_END_NEAR, Kind.PROJECT_END_MOVED, Kind.BRAKE_HELD,
                Kind.DRIFT_FOUND, Kind.DRIFT_STOPPED, Kind.DRIFT_DECIDED,
            }  # fmt: skip


def test_leads_and_members_hear_when_a_project_winds_down_and_goes_on(stage: Scene) -> None:
    now = timezone.now()
    make_grant(project=stage.project, members=[stage.people.bob], images=[stage.image])
    Watch.objects.create(project=stage.project, key="AF-1", next_check_at=now)
    WindDown.objects.create(
        project=stage.project, due_at=now + timedelta(hours=24), started_at=now, closed_project=True
    )
    project_done(project_id=stage.project.pk, now=now)
    project_reopened(project_id=stage.project.pk, now=now)
    both = {"alice", "bob"}
    assert (told(Kind.PROJECT_DONE), told(Kind.PROJECT_REOPENED)) == (both, both)
    project_end_near(project_id=stage.project.pk, now=now + timedelta(hours=1))
    project_end_moved(project_id=stage.project.pk, now=now + timedelta(hours=2))
    assert (told(Kind.PROJECT_END_NEAR), told(Kind.PROJECT_END_MOVED)) == (both, both)
    message = message_of(Notification.objects.filter(kind=Kind.PROJECT_DONE).first(), language="en")
    assert message.url.endswith(f"/projects/{stage.project.key}/")


def test_a_withdrawn_request_frees_its_approvers_in_its_own_words(stage: Scene) -> None:
    sent = make_request(stage)
    alice = stage.people.alice
    services.withdraw(request=sent, reason="", by=actor_for(alice), now=timezone.now())
    assert (told(Kind.WITHDRAWN), told(Kind.DECIDED_ELSEWHERE)) == ({"mia"}, set())
    words = message_of(Notification.objects.get(kind=Kind.WITHDRAWN), language="en").body
    assert words == f"{alice.name} withdrew the request for {stage.project.name}."


def test_administrators_hear_once_a_day_of_a_removal_that_fails(stage: Scene) -> None:
    now = timezone.now()
    grant = make_grant(project=stage.project, members=[stage.people.bob], images=[stage.image])
    line = {"grant": grant, "target": "main", "kind": "member", "next_attempt_at": now, "failures": 3}
    since = now - timedelta(minutes=16)
    Delivery.objects.create(key="person:1", status="unwanted", since=since, last_error="503", **line)
    Delivery.objects.create(key="person:2", status="unwanted", since=now - timedelta(minutes=14), **line)
    Delivery.objects.create(key="person:3", status="wanted", since=since, **line)
    for _ in range(2):
        alarm_of_removals(now=now)
    assert list(Notification.objects.values_list("kind", "recipient")) == [
        (Kind.REMOVAL_OVERDUE, stage.people.root.pk)
    ]
    words = message_of(Notification.objects.get(kind=Kind.REMOVAL_OVERDUE), language="en").body
    assert words == "person:1 should be gone from main and is not. Purser keeps trying. Last answer: 503"
    alarm_of_removals(now=now + timedelta(days=1))
    assert Notification.objects.filter(params__subject="person:1").count() == 2
