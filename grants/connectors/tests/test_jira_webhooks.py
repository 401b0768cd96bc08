"""Webhook bodies and signatures: the formats Jira sends, and everything else refused in plain words."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.connectors.errors import Malformed
from grants.connectors.jira_webhooks import MAX_BYTES, WebhookFacts, parse_webhook, verify_signature

AT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MS = int(AT.timestamp() * 1000)
PROJECT = {"id": "10000", "key": "FRAUD", "name": "Anti-fraud"}
ISSUE = {
    "id": "10005",
    "key": "FRAUD-5",
    "fields": {"summary": "x", "project": PROJECT, "status": {"name": "完成"}},
}


def raw(**body: Any) -> bytes:
    return json.dumps(body).encode()


def signed(body: bytes, secret: str) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def issue_facts(event: str, *, deleted: bool = False, at: datetime | None = AT) -> WebhookFacts:
    return WebhookFacts(event, "issue", "10005", "FRAUD-5", "10000", "FRAUD", at, deleted)


@pytest.mark.parametrize("event", ["jira:issue_updated", "jira:issue_created", "comment_created"])
def test_an_issue_event_names_its_issue(event: str) -> None:
    body = raw(
        webhookEvent=event, timestamp=MS, issue=ISSUE, changelog={"id": "1", "items": [{"field": "status"}]}
    )
    assert parse_webhook(body) == issue_facts(event)


def test_a_deleted_issue_is_marked() -> None:
    body = raw(webhookEvent="jira:issue_deleted", timestamp=MS, issue=ISSUE)
    assert parse_webhook(body) == issue_facts("jira:issue_deleted", deleted=True)


def test_automation_sends_a_wrapped_or_a_bare_issue_with_a_number_for_an_id() -> None:
    assert parse_webhook(raw(issue=ISSUE)) == issue_facts("automation", at=None)
    bare = ISSUE | {"id": 10005, "self": "https://jira.example.test/rest/api/2/issue/10005"}
    assert parse_webhook(raw(**bare)) == issue_facts("automation", at=None)


def test_an_issue_without_fields_still_names_its_project() -> None:
    facts = parse_webhook(raw(issue={"id": "10005", "key": "FRAUD-5"}))
    assert (facts.project_key, facts.project_id) == ("FRAUD", "")


@pytest.mark.parametrize(
    ("event", "deleted"),
    [
        ("project_updated", False),
        ("project_archived", False),
        ("project_deleted", True),
        ("project_soft_deleted", True),
    ],
)
def test_a_project_event_names_its_project(event: str, *, deleted: bool) -> None:
    body = raw(webhookEvent=event, timestamp=MS, project=PROJECT | {"id": 10000, "projectLead": {}})
    assert parse_webhook(body) == WebhookFacts(event, "project", "", "", "10000", "FRAUD", AT, deleted)


def test_an_event_about_something_else_is_not_an_error() -> None:
    facts = parse_webhook(raw(webhookEvent="sprint_started", timestamp=MS, sprint={"id": 3}))
    assert (facts.about, facts.event) == ("other", "sprint_started")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe{}",
        b"{}",
        b"[" * 100_000,
        raw(webhookEvent="jira:issue_updated"),
        raw(webhookEvent="jira:issue_updated", issue=None),
        raw(webhookEvent="jira:issue_updated", issue={"id": "10005"}),
        raw(webhookEvent="jira:issue_updated", issue={"id": True, "key": "A-1"}),
        raw(webhookEvent="jira:issue_updated", issue={"id": "1", "key": "A-1\u0000"}),
        raw(webhookEvent="jira:issue_updated", issue={"id": "1", "key": "../A-1"}),
        raw(webhookEvent="jira:issue_updated", issue={"id": "1" * 20, "key": "A-1"}),
        raw(webhookEvent="project_deleted"),
        raw(webhookEvent="x" * 101, issue=ISSUE),
        raw(webhookEvent="jira:issue_updated", timestamp=10**18, issue=ISSUE),
        raw(webhookEvent="jira:issue_updated", timestamp=-1, issue=ISSUE),
        raw(key="A-1"),
    ],
)
def test_anything_else_is_malformed_in_one_plain_sentence(body: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_webhook(body)
    assert str(caught.value).startswith("The webhook")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_huge_body_is_not_even_read() -> None:
    with pytest.raises(Malformed, match="longer than"):
        parse_webhook(b" " * (MAX_BYTES + 1))


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps({"webhookEvent": "jira:issue_updated", "issue": value}).encode()
    )
)
def test_no_bytes_break_the_parser(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse_webhook(body)


@given(st.integers(min_value=0, max_value=len(raw(webhookEvent="jira:issue_updated", issue=ISSUE)) - 1))
def test_a_truncated_body_is_malformed(length: int) -> None:
    with pytest.raises(Malformed):
        parse_webhook(raw(webhookEvent="jira:issue_updated", issue=ISSUE)[:length])


def test_a_signature_fits_under_any_of_the_secrets() -> None:
    body = raw(issue=ISSUE)
    assert verify_signature(body, signed(body, "old"), ["new", "old"]) is True
    assert verify_signature(body, signed(body, "old").upper().replace("SHA256", "sha256"), ["old"]) is True


@pytest.mark.parametrize(
    "header",
    [
        "",
        "sha256=",
        "sha1=" + "0" * 64,
        "0" * 64,
        "sha256=" + "0" * 64,
        "sha256=" + "0" * 63,
        "sha256=é",
        "\ud800",
    ],
)
def test_anything_else_is_no_signature(header: str) -> None:
    assert verify_signature(b"{}", header, ["secret"]) is False


def test_without_a_secret_nothing_fits() -> None:
    assert verify_signature(b"{}", signed(b"{}", ""), [""]) is False
    assert verify_signature(b"{}", signed(b"{}", ""), []) is False


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_a_signature_fits_only_its_own_body(body: bytes, other: bytes) -> None:
    assert verify_signature(other, signed(body, "secret"), ["secret"]) is (body == other)
