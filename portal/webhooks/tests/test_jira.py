"""The endpoint of Jira's webhooks: who may speak, what is kept, what is answered."""

import json
import threading
from unittest import mock

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from grants.connectors.jira_webhooks import MAX_BYTES
from grants.directory.testing import make_project
from grants.tracker import tasks
from grants.tracker.models import Watch, WebhookReceipt
from grants.tracker.watches import follow_projects
from portal.tests.journeys.webhooks import SECRET, jira_settings, signed

BODY = json.dumps(
    {
        "webhookEvent": "jira:issue_updated",
        "timestamp": 1_772_442_000_000,
        "issue": {"id": "10001", "key": "AF-12", "fields": {"status": {"name": "Done"}}},
    }
).encode()
SIGNED = {"x-hub-signature": signed(BODY, SECRET)}


@pytest.fixture
def followed(db, settings, monkeypatch):
    settings.JIRA = jira_settings("https://jira.example.com", "cloud")
    monkeypatch.setattr(tasks, "_publish", lambda: None)
    make_project(jira_issue="AF-12")
    follow_projects(now=timezone.now())


@pytest.fixture
def post(followed):
    # With the check on, as for any other address: the exemption is the view's own.
    client = Client(enforce_csrf_checks=True)
    return lambda body=BODY, headers=SIGNED: client.generic(
        "POST", "/webhooks/jira/", body, content_type="application/json", headers=headers
    )


def test_a_signed_webhook_is_taken_and_jira_is_not_asked(post):
    with mock.patch("grants.tracker.reading.open_jira", side_effect=AssertionError("asked in the request")):
        answer = post()
    assert (answer.status_code, answer.json()) == (202, {"outcome": "stored"})
    assert WebhookReceipt.objects.get().key == "AF-12"


def test_the_same_again_is_answered_but_not_taken(post):
    post()
    answer = post()
    assert (answer.status_code, answer.json(), WebhookReceipt.objects.count()) == (
        200,
        {"outcome": "duplicate"},
        1,
    )


@pytest.mark.parametrize("secret", [SECRET, "next-secret"])
def test_each_of_the_secrets_signs(post, secret):
    assert post(headers={"x-hub-signature": signed(BODY, secret)}).status_code == 202


def test_automation_speaks_with_a_shared_secret(post):
    body = json.dumps({"id": 10001, "key": "AF-12", "fields": {}}).encode()
    assert post(body, {"authorization": "Bearer the-bearer-secret"}).status_code == 202
    assert WebhookReceipt.objects.get().event == "automation"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-hub-signature": ""},
        {"x-hub-signature": signed(BODY, "")},
        {"x-hub-signature": signed(BODY, "guess")},
        {"x-hub-signature": SIGNED["x-hub-signature"].replace("sha256", "sha1")},
        {"x-hub-signature-256": SIGNED["x-hub-signature"]},
        {"authorization": "Bearer "},
        {"authorization": "Bearer the-bearer-secre"},
        {"authorization": "Bearer ünï"},
        {"authorization": "the-bearer-secret"},
        {"authorization": f"Bearer {SECRET}"},
    ],
)
def test_nobody_else_is_believed_and_nothing_is_kept(post, headers):
    answer = post(headers=headers)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "The signature or the shared secret is missing or wrong.",
    }
    assert WebhookReceipt.objects.count() == 0


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_secrets_nobody_may_speak(post, settings, secrets):
    settings.JIRA = {**settings.JIRA, "webhook_secrets": secrets, "bearer_secrets": secrets}
    assert post(headers={"x-hub-signature": signed(BODY, "")}).status_code == 401
    assert post(headers={"authorization": "Bearer "}).status_code == 401


def test_a_signature_of_another_body_is_refused(post):
    assert post(BODY + b" ").status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"webhookEvent": "jira:issue_updated"}', b"\xff\xfe"])
def test_what_cannot_be_read_is_refused_in_plain_words(post, body):
    answer = post(body, {"x-hub-signature": signed(body, SECRET)})
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith("The webhook ")
    assert WebhookReceipt.objects.count() == 0


def test_what_is_too_long_is_refused_unread(post):
    body = b"x" * (MAX_BYTES + 1)
    assert post(body, {}).status_code == 413


def test_an_issue_nobody_follows_is_ignored(post):
    body = BODY.replace(b"AF-12", b"AF-13").replace(b"10001", b"10002")
    answer = post(body, {"x-hub-signature": signed(body, SECRET)})
    assert (answer.status_code, answer.json()) == (202, {"outcome": "ignored"})


def test_only_post_is_taken(followed, client):
    assert client.get("/webhooks/jira/").status_code == 405


@pytest.mark.django_db(transaction=True)
def test_the_same_webhook_eight_times_at_once_counts_once(followed):
    barrier, answers = threading.Barrier(8), []

    def send():
        barrier.wait(10)
        answer = Client().generic(
            "POST", "/webhooks/jira/", BODY, content_type="application/json", headers=SIGNED
        )
        answers.append(answer.status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == [200] * 7 + [202]
    assert (WebhookReceipt.objects.count(), Watch.objects.count()) == (1, 1)
