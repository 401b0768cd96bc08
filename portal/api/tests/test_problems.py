"""One form for every refusal: RFC 9457, with a stable code and words in the caller's language."""

import pytest
from django.conf import settings
from django.core.cache import cache

from audit.ledger.errors import AuditUnavailable
from portal.api import account, base
from portal.api.tests.conftest import Caller, problem
from portal.api.throttling import PersonThrottle


def test_nobody_is_asked_to_sign_in(nobody):
    answer = nobody.get("requests/")
    assert problem(answer) == (401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert {"Accept", "Authorization", "Cookie"} <= set(answer.headers["Vary"].split(", "))
    assert answer.json() == {
        "type": "urn:purser:problem:not_authenticated",
        "title": "Sign in first",
        "status": 401,
        "detail": "Authentication credentials were not provided.",
        "code": "not_authenticated",
    }


def test_a_token_that_does_not_count_is_said_so(db):
    assert problem(Caller("pur_" + "x" * 43).get("me/")) == (401, "bad_token")


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b'{"project": }', 1, 13),
        (b'{\n  "days": 9,\n}', 3, 1),
        (b'{"a": "\xff"}', 1, 8),
        (b'{"a": NaN}', 1, 1),
    ],
)
def test_a_body_that_is_not_json_is_told_where(as_, body, line, column):
    answer = as_("alice").post("requests/", body)
    assert problem(answer) == (400, "unreadable_body")
    assert (answer.json()["line"], answer.json()["column"]) == (line, column)


def test_a_key_that_stands_twice_is_refused(as_):
    answer = as_("alice").post("requests/", b'{"days": 9, "days": 90}')
    assert problem(answer) == (400, "unreadable_body")
    assert "'days' stands twice" in answer.json()["detail"]


def test_every_fault_of_a_body_has_its_place(as_):
    given = {"role": "king", "images": ["a", 5, {}], "stauts": "approved", "days": 0}
    answer = as_("alice").post("requests/", given)
    assert problem(answer) == (400, "bad_fields")
    told = {(fault["field"], fault["code"]) for fault in answer.json()["errors"]}
    assert told == {
        ("role", "invalid_choice"),
        ("images.2", "invalid"),
        ("stauts", "unknown_field"),
        ("days", "min_value"),
    }


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null"])
def test_a_body_that_is_no_object_is_refused(as_, body):
    assert problem(as_("alice").post("requests/", body)) == (400, "bad_fields")


def test_unknown_parameters_are_refused_rather_than_ignored(as_):
    answer = as_("alice").get("grants/", grnat=5)
    assert problem(answer) == (400, "bad_fields")
    assert answer.json()["errors"] == [
        {"field": "grnat", "code": "unknown_field", "detail": "There is no such field."}
    ]


@pytest.mark.parametrize("cursor", ["x", "W10", "WyJhIl0", "bnVsbA", "WzkyMjMzNzIwMzY4NTQ3NzU4MDhd", "é"])
def test_a_cursor_of_somebody_else_is_refused(as_, cursor):
    for path in ("grants/", "images/", "people/", "events/"):
        status, code = problem_or_page(as_("ada").get(path, cursor=cursor))
        assert (status, code) in {(400, "bad_cursor"), (200, "")}


def problem_or_page(answer):
    return problem(answer) if answer.status_code != 200 else (200, "")


def test_methods_formats_and_media_types_that_do_not_fit(as_, nobody):
    alice = as_("alice")
    assert problem(alice.delete("requests/")) == (405, "method_not_allowed")
    assert problem(alice.client.get("/api/v1/me/", headers={"accept": "text/html"})) == (
        406,
        "not_acceptable",
    )
    assert problem(alice.post("requests/", "days=9", content_type="text/plain")) == (
        415,
        "unsupported_media_type",
    )
    assert problem(nobody.get("nowhere/")) == (404, "not_found")
    slashless = nobody.post("requests", {})
    assert problem(slashless) == (404, "not_found")
    assert slashless.json()["detail"] == "Addresses of the API end in a slash: /api/v1/requests/"
    assert problem(alice.post("requests/", b" " * (2**20 + 1))) == (413, "too_large")


def test_a_number_no_row_can_have_is_not_found(as_):
    assert problem(as_("alice").get("requests/99999999999999999999/")) == (404, "not_found")


def test_words_follow_the_language_and_codes_do_not(nobody):
    answer = nobody.client.get("/api/v1/nowhere/", headers={"accept-language": "zh-hans"})
    assert problem(answer) == (404, "not_found")
    assert answer.headers["Content-Language"] == "zh-hans"


def test_what_nobody_expected_has_a_reference_and_tells_nothing(as_, monkeypatch):
    def fail(*_args):
        raise RuntimeError("password=hunter2")

    alice = as_("alice")
    monkeypatch.setattr(account, "_me", fail)
    answer = alice.get("me/")
    assert problem(answer) == (500, "unexpected")
    assert answer.json()["reference"] in answer.json()["detail"]
    assert "hunter2" not in answer.content.decode()


def test_an_audit_log_that_does_not_answer_stops_the_call(as_, monkeypatch):
    def fail(*_args):
        raise AuditUnavailable("audit_unavailable", "Nothing was changed. Try again.")

    alice = as_("alice")
    monkeypatch.setattr(account, "_me", fail)
    answer = alice.get("me/")
    assert problem(answer) == (503, "audit_unavailable")
    assert answer.headers["Retry-After"] == "5"


def test_calls_are_counted_by_person_whatever_the_token(as_, monkeypatch):
    monkeypatch.setattr(PersonThrottle, "get_rate", lambda _self: "2/min")
    first, second = as_("alice"), as_("alice")
    assert [caller.get("me/").status_code for caller in (first, second)] == [200, 200]
    answer = first.get("me/")
    assert problem(answer) == (429, "throttled")
    assert 1 <= int(answer.headers["Retry-After"]) <= 61
    assert as_("bob").get("me/").status_code == 200


def test_guesses_at_tokens_are_counted_by_address(db, monkeypatch):
    monkeypatch.setattr(PersonThrottle, "get_rate", lambda _self: "2/min")
    cache.clear()
    statuses = [Caller(f"pur_{number:043d}").get("me/").status_code for number in range(3)]
    assert statuses == [401, 401, 429]


def test_a_forwarded_address_counts_only_behind_our_proxy(db, monkeypatch):
    monkeypatch.setattr(PersonThrottle, "get_rate", lambda _self: "1/min")
    cache.clear()

    def ask(address):
        client = Caller().client
        return client.get("/api/v1/me/", headers={"x-forwarded-for": address}).status_code

    assert [ask("10.0.0.1"), ask("10.0.0.2")] == [401, 429]
    monkeypatch.setattr(settings, "SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https"))
    assert [ask("10.0.0.3"), ask("evil, 10.0.0.3"), ask("10.0.0.4")] == [401, 429, 401]


def test_every_endpoint_is_one_of_ours():
    from django.urls import get_resolver

    own = get_resolver("portal.api.urls").url_patterns
    found = [pattern for one in own for pattern in getattr(one, "url_patterns", [one])]
    views = [pattern.callback.cls for pattern in found if pattern.name not in {"api-schema", "api-docs"}]
    assert len(views) > 40
    assert all(issubclass(view, base.Endpoint) for view in views)
