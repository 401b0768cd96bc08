"""The token protocol as clients speak it: GET with Basic, POST with a form, and what is refused."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.db import connection

from grants.lifecycle.testing import make_grant
from grants.tokens.models import IssuedToken
from portal.registry.asgi import WRONG_MOST
from portal.registry.protocol import LARGEST_BODY
from portal.registry.tests.asking import PULL, Ask, access, ask_once, basic, secret_of, with_service
from portal.testing import become

SERVICE = "purser-registry"
QUERY = {"service": SERVICE, "scope": PULL}


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_get_with_basic_gives_both_spellings_of_a_token_no_cache_may_keep(scene: Any) -> None:
    answer = ask_once(params=QUERY | {"account": "bob"}, headers=basic("bob", scene.secret))
    body = answer.json()
    assert (answer.status_code, access(answer)) == (200, [("fraud/base", ["pull"])])
    assert body["token"] == body["access_token"]
    assert (body["expires_in"], "refresh_token" in body, "scope" in body) == (60, False, False)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"


def test_post_with_a_form_gives_the_same_and_names_the_scope(scene: Any) -> None:
    form = QUERY | {
        "grant_type": "password", "username": "bob", "password": scene.secret, "client_id": "containerd",
        "scope": "repository:fraud/base:pull,push", "access_type": "offline",
    }  # fmt: skip
    answer = ask_once("POST", data=form)
    assert (answer.status_code, access(answer)) == (200, [("fraud/base", ["pull"])])
    assert (answer.json()["scope"], "refresh_token" in answer.json()) == (PULL, False)
    assert IssuedToken.objects.get().client.startswith("containerd ")


def test_signing_in_without_a_scope_gives_an_empty_token(scene: Any) -> None:
    query = {"service": SERVICE, "account": "bob", "client_id": "docker", "offline_token": "true"}
    answer = ask_once(params=query, headers=basic("bob", scene.secret))
    assert (answer.status_code, access(answer)) == (200, [])


@pytest.mark.parametrize(
    "scopes",
    [
        ["repository:fraud/base:pull,push,delete,*"],
        ["repository:fraud/base:pull", "repository:fraud/base:push", "repository:fraud/other:pull"],
        ["repository:fraud/base:pull repository:secret/x:* registry:catalog:*"],
        [
            "repository:fraud/base:pull",
            "nonsense",
            "repository:fraud/base:",
            ":::",
            "repository(plugin):x:pull",
        ],
    ],
)
def test_who_asks_for_too_much_gets_what_is_allowed(scene: Any, scopes: list[str]) -> None:
    answer = ask_once(params={"service": SERVICE, "scope": scopes}, headers=basic("bob", scene.secret))
    assert (answer.status_code, access(answer)) == (200, [("fraud/base", ["pull"])])


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic Og=="}])
def test_nobody_gets_an_empty_token(scene: Any, headers: dict[str, str]) -> None:
    answer = ask_once(params=QUERY, headers=headers)
    assert (answer.status_code, access(answer)) == (200, [])


@pytest.mark.parametrize(
    "header",
    ["Basic !!!", "Basic", "Basic Ym9i", "Bearer abc", "Basic /////w==", "Basic Ym9iOg=", "Digest x"],
)
def test_an_unreadable_header_is_challenged_or_asks_as_nobody(scene: Any, header: str) -> None:
    answer = ask_once(params=QUERY, headers={"Authorization": header})
    if answer.status_code == 200:
        assert (header, access(answer)) in [("Basic", []), ("Basic Ym9i", [])]
    else:
        assert code(answer) == (401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize(
    ("login", "secret"), [("bob", "wrong"), ("alice", None), ("", None), ("bob", ""), ("bob\x00", None)]
)
def test_a_wrong_pair_is_refused_and_leaves_a_row(scene: Any, login: str, secret: str | None) -> None:
    answer = ask_once(params=QUERY, headers=basic(login, scene.secret if secret is None else secret))
    assert code(answer) == (401, "UNAUTHORIZED")
    assert IssuedToken.objects.get().reason == "bad_credentials"


@pytest.mark.parametrize("kind", ["refresh_token", "authorization_code", ""])
def test_only_passwords_are_taken(scene: Any, kind: str) -> None:
    form = QUERY | {"grant_type": kind, "refresh_token": "x", "username": "bob", "password": scene.secret}
    assert code(ask_once("POST", data=form)) == (400, "UNSUPPORTED")
    assert IssuedToken.objects.count() == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"])
def test_other_methods_are_named(scene: Any, method: str) -> None:
    answer = ask_once(method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("host", ["evil.example.com", "127.0.0.1.evil.com", "", "127.0.0.1@evil.com"])
def test_another_host_is_not_served(scene: Any, host: str) -> None:
    answer = ask_once(params=QUERY, headers={"Host": host} | basic("bob", scene.secret))
    assert code(answer) == (400, "UNSUPPORTED")


def test_large_bodies_and_many_scopes_are_refused(scene: Any) -> None:
    large = {"grant_type": "password", "username": "x" * LARGEST_BODY}
    assert code(ask_once("POST", data=large)) == (413, "UNSUPPORTED")
    many = {"service": SERVICE, "scope": [f"repository:x/{number}:pull" for number in range(101)]}
    assert code(ask_once(params=many)) == (400, "TOOMANYREQUESTS")
    assert code(ask_once(params=[("scope", "a")] * 401)) == (400, "UNSUPPORTED")


@pytest.mark.parametrize("raw", [b"scope=%ff%00", b"\xff\xfe=1", b"scope=%F0%9F%92%A9:x:pull", b"&&&=&"])
def test_hostile_queries_get_a_clean_answer(scene: Any, raw: bytes) -> None:
    answer = ask_once("POST", content=raw)
    assert answer.status_code in (200, 400)


def test_wrong_passwords_slow_down_their_own_address_only(scene: Any) -> None:
    right = basic("bob", scene.secret)

    async def story(ask: Ask) -> list[httpx.Response]:
        for _ in range(WRONG_MOST):
            assert (await ask(params=QUERY, headers=basic("bob", "wrong"))).status_code == 401
        there = [await ask(params=QUERY, headers=each) for each in (basic("bob", "wrong"), right)]
        return [*there, await ask(params=QUERY, headers=right, address="10.0.0.10")]

    answers = with_service(story)
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert code(answers[0]) == (429, "TOOMANYREQUESTS")
    assert 0 < int(answers[0].headers["retry-after"]) <= 60
    assert IssuedToken.objects.filter(outcome="refused").count() == WRONG_MOST


def test_behind_a_proxy_the_nearest_forwarded_address_counts(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https"))
    forged = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7"} | basic("bob", scene.secret)
    assert ask_once(params=QUERY, headers=forged).status_code == 200
    assert IssuedToken.objects.get().address == "192.0.2.7"


def test_without_a_proxy_a_forwarded_address_is_not_believed(scene: Any) -> None:
    forged = {"X-Forwarded-For": "6.6.6.6"} | basic("bob", scene.secret)
    assert ask_once(params=QUERY, headers=forged).status_code == 200
    assert IssuedToken.objects.get().address == "10.0.0.9"


@contextmanager
def log_is_read_only() -> Generator[None]:
    change = "{} INSERT ON tokens_issuedtoken {} purser_app"
    become("DATABASE_OWNER_URL")
    try:
        with connection.cursor() as cursor:
            cursor.execute(change.format("REVOKE", "FROM"))
        become("DATABASE_URL")
        yield
    finally:
        become("DATABASE_OWNER_URL")
        with connection.cursor() as cursor:
            cursor.execute(change.format("GRANT", "TO"))
        become("DATABASE_URL")


def test_no_row_no_token(scene: Any) -> None:
    with log_is_read_only():
        answer = ask_once(params=QUERY, headers=basic("bob", scene.secret))
    assert code(answer) == (503, "UNAVAILABLE")
    assert (int(answer.headers["retry-after"]) > 0, "token" in answer.json()) == (True, False)
    assert ask_once(params=QUERY, headers=basic("bob", scene.secret)).status_code == 200


def test_only_administrators_list_the_registry(scene: Any) -> None:
    listing = {"service": SERVICE, "scope": "registry:catalog:*"}
    root = ask_once(params=listing, headers=basic("root", secret_of(scene.root)))
    bob = ask_once(params=listing, headers=basic("bob", scene.secret))
    assert (access(root), access(bob)) == ([("catalog", ["*"])], [])


@pytest.mark.parametrize(
    ("role", "given"),
    [("viewer", ["pull"]), ("developer", ["pull", "push"]), ("admin", ["delete", "pull", "push"])],
)
def test_each_role_gets_its_actions(scene: Any, role: str, given: list[str]) -> None:
    make_grant(project=scene.project, members=[scene.bob], images=[scene.image], role=role)
    asked = {"service": SERVICE, "scope": "repository:fraud/base:*"}
    answer = ask_once(params=asked, headers=basic("bob", scene.secret))
    assert access(answer) == [("fraud/base", given)]
    assert answer.json()["expires_in"] == (60 if given == ["pull"] else 300)
