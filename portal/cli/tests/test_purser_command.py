"""`purser` without a network: where it goes, what it prints, what it says when it cannot."""

from typing import Any

import httpx
import pytest

from portal.cli.purser import signing_in, wire
from portal.cli.purser.commands import _table
from portal.cli.purser.errors import NotSignedIn, PurserError
from portal.cli.purser.main import main


@pytest.fixture(autouse=True)
def _home(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("PURSER_URL", raising=False)


def answering(monkeypatch: pytest.MonkeyPatch, answer: Any) -> list[httpx.Request]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return answer(request) if callable(answer) else answer

    real = httpx.Client
    monkeypatch.setattr(
        wire.httpx, "Client", lambda **given: real(**given, transport=httpx.MockTransport(handle))
    )
    return asked


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("https://purser.example", "https://purser.example"),
        ("purser.example:8443", "https://purser.example:8443"),
        ("https://purser.example/catalogue/?a=b#c", "https://purser.example"),
        ("http://127.0.0.1:5440/", "http://127.0.0.1:5440"),
        ("http://localhost:5440", "http://localhost:5440"),
    ],
)
def test_a_server_is_named_in_any_way(address: str, server: str) -> None:
    assert wire.server_of(address) == server


@pytest.mark.parametrize(
    "address",
    ["http://purser.example", "ftp://purser.example", "https://", "https://bob:secret@purser.example"],
)
def test_a_token_is_never_sent_in_the_open(address: str) -> None:
    with pytest.raises(PurserError):
        wire.server_of(address)


def test_a_list_is_read_to_its_end_at_the_same_server(monkeypatch: Any) -> None:
    def page(request: httpx.Request) -> httpx.Response:
        last = request.url.params.get("cursor") == "c2"
        following = None if last else "https://evil.example/api/v1/images/?cursor=c2&limit=100"
        return httpx.Response(200, json={"results": [{"id": 2 if last else 1}], "next": following})

    asked = answering(monkeypatch, page)
    with wire.Api("https://purser.example", "pur_x") as api:
        assert [row["id"] for row in api.rows("images/")] == [1, 2]
    assert {request.url.host for request in asked} == {"purser.example"}
    assert asked[0].headers["Authorization"] == "Bearer pur_x"


def test_problems_are_said_in_their_own_words(monkeypatch: Any) -> None:
    body = {"detail": "This account is disabled.", "code": "person_disabled"}
    answering(monkeypatch, httpx.Response(403, json=body))
    with wire.Api("https://purser.example") as api, pytest.raises(PurserError) as caught:
        api.get("me/")
    assert (str(caught.value), caught.value.code) == ("This account is disabled.", "person_disabled")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(401, json={}), "Run: purser login"),
        (httpx.Response(502, text="<html>"), "The server answered 502, and not as Purser does."),
        (httpx.Response(302, headers={"Location": "https://evil.example/"}), "The server answered 302."),
    ],
)
def test_other_answers_are_one_sentence(monkeypatch: Any, answer: httpx.Response, said: str) -> None:
    asked = answering(monkeypatch, answer)
    with wire.Api("https://purser.example", "pur_x") as api, pytest.raises(PurserError, match=said):
        api.get("me/")
    assert len(asked) == 1


def test_a_server_that_is_away_is_one_sentence(monkeypatch: Any, capsys: Any) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111] secret details")

    answering(monkeypatch, away)
    assert main(["login", "--server", "https://purser.example", "--no-browser"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "purser: purser.example cannot be reached (ConnectError).\n")


BEGUN = {
    "device_code": "d", "user_code": "BCDF-GHJK", "interval": 5, "expires_in": 600,
    "verification_uri": "https://purser.example/device/", "verification_uri_complete": "https://purser.example/device/?code=BCDF-GHJK",
}  # fmt: skip


def flow(*answers: tuple[int, dict[str, Any]]) -> Any:
    waiting = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1/")
        if path == "device/token/":
            status, body = waiting.pop(0)
            return httpx.Response(status, json=body)
        known = {"device/": BEGUN, "me/": {"user_name": "bob"}, "registries/": {"results": [], "next": None}}
        return httpx.Response(200, json=known[path])

    return answer


def waits(code: str) -> tuple[int, dict[str, Any]]:
    return 400, {"code": code, "detail": code}


def test_login_waits_as_it_is_told(monkeypatch: Any) -> None:
    given = (200, {"access_token": "pur_x", "id": 7, "expires_in": 3600})
    pending = waits("authorization_pending")
    answering(monkeypatch, flow(pending, waits("slow_down"), pending, (429, {"detail": "Too many"}), given))
    pauses: list[float] = []
    said: list[str] = []
    session = signing_in.login("https://purser.example", browser=False, say=said.append, sleep=pauses.append)
    assert (session.user, session.token_id, pauses) == ("bob", 7, [5, 5, 10, 10, 10])
    assert said == ["Open https://purser.example/device/ and enter the code BCDF-GHJK"]


@pytest.mark.parametrize("code", ["access_denied", "expired_token", "invalid_grant"])
def test_login_ends_when_it_is_refused(monkeypatch: Any, code: str) -> None:
    answering(monkeypatch, flow(waits(code)))
    with pytest.raises(PurserError, match=code):
        signing_in.login("https://purser.example", browser=False, say=len, sleep=float)


def test_without_a_sign_in_every_command_says_how(capsys: Any) -> None:
    for words in (["whoami"], ["images"], ["grants"], ["logout"], ["pull-secret", "--output", "-"]):
        assert main(words) == 1
        assert capsys.readouterr().err == f"purser: {NotSignedIn()}\n"
    assert main(["login"]) == 1
    assert "purser login --server" in capsys.readouterr().err


def test_names_cannot_move_the_cursor(capsys: Any) -> None:
    class Asked:
        json = False

    _table([{"name": "\x1b[2Jevil"}], ["name"], lambda row: (row["name"],), Asked())  # type: ignore[arg-type]
    assert "\x1b" not in capsys.readouterr().out


def test_local_runs_are_explained_without_a_sign_in(capsys: Any) -> None:
    assert main(["run-local"]) == 0
    said = capsys.readouterr().out
    assert '{"credHelpers": {"registry.example.com": "purser"}}' in said
    assert "mounts=[mount]" in said
