"""Docker's credential helper protocol to the letter, without a network; what is kept, and that it starts fast."""

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from portal.cli.purser import docker_credential, pulling
from portal.cli.purser.errors import NotSignedIn, PurserError
from portal.cli.purser.sessions import Session, folder, opened

HOST = "registry.example:5000"
SECRET = "purp_secret"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The server's answers: a list that grows with each pull token that was made."""
    calls: list[int] = []

    def make(session: Session, *, hours: int) -> dict[str, Any]:
        calls.append(hours)
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600 * hours))
        return {"id": len(calls), "username": "bob", "secret": f"{SECRET}{len(calls)}", "expires": expires}

    monkeypatch.setattr(pulling, "new_pull_token", make)
    return calls


def sign_in(server: str = "https://purser.example", **changes: Any) -> None:
    given: dict[str, Any] = {"token": "pur_x", "token_id": 7, "expires": time.time() + 9999, "user": "bob"}
    given |= {"registries": [HOST], "registries_at": time.time()} | changes
    with opened() as sessions:
        sessions.by_server[server] = Session(server, **given)
        sessions.current = server


def ask(monkeypatch: pytest.MonkeyPatch, capsys: Any, *words: str, given: str = "") -> tuple[int, str]:
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    code = docker_credential.main(words)
    said = capsys.readouterr()
    assert said.err == ""
    return code, said.out


@pytest.mark.parametrize(
    "address", [HOST, f"https://{HOST}", f"https://{HOST}/v1/", f"{HOST}\n", HOST.upper()]
)
def test_get_answers_as_docker_wants_it(made: list[int], monkeypatch: Any, capsys: Any, address: str) -> None:
    sign_in()
    code, said = ask(monkeypatch, capsys, "get", given=address)
    assert (code, json.loads(said)) == (
        0,
        {"ServerURL": address.strip(), "Username": "bob", "Secret": f"{SECRET}1"},
    )


def test_a_pull_token_is_made_only_when_the_last_one_ends_soon(
    made: list[int], monkeypatch: Any, capsys: Any
) -> None:
    sign_in()
    first = [ask(monkeypatch, capsys, "get", given=HOST)[1] for _ in range(3)]
    assert (len(set(first)), made) == (1, [1])
    with opened() as sessions:
        sessions.of().pull_expires = time.time() + 599
    assert ask(monkeypatch, capsys, "get", given=HOST)[1] != first[0]
    assert made == [1, 1]


@pytest.mark.parametrize(
    "address", ["https://index.docker.io/v1/", "registry.example", "evil.example/registry.example:5000", "x"]
)
def test_a_registry_of_somebody_else_s_is_not_found(
    made: list[int], monkeypatch: Any, capsys: Any, address: str
) -> None:
    sign_in()
    said = ask(monkeypatch, capsys, "get", given=address)
    assert (said, made) == ((1, "credentials not found in native keychain\n"), [])


def test_nobody_signed_in_is_not_found(monkeypatch: Any, capsys: Any) -> None:
    assert ask(monkeypatch, capsys, "get", given=HOST) == (1, "credentials not found in native keychain\n")


def test_a_sign_in_that_is_over_says_so_for_its_own_registries_only(monkeypatch: Any, capsys: Any) -> None:
    sign_in(expires=time.time() - 1)
    assert ask(monkeypatch, capsys, "get", given=HOST)[1].endswith("Run: purser login\n")
    assert ask(monkeypatch, capsys, "get", given="x") == (1, "credentials not found in native keychain\n")


def test_a_sign_in_that_ended_at_the_server_says_what_to_do(monkeypatch: Any, capsys: Any) -> None:
    def ended(session: Session, *, hours: int) -> Any:
        raise NotSignedIn

    monkeypatch.setattr(pulling, "new_pull_token", ended)
    sign_in()
    code, said = ask(monkeypatch, capsys, "get", given=HOST)
    assert (code, said) == (1, "You are not signed in, or your sign-in is over. Run: purser login\n")
    with opened() as sessions:
        assert not sessions.by_server["https://purser.example"].live


def test_the_list_of_registries_is_read_again_at_times(
    monkeypatch: Any, made: list[int], capsys: Any
) -> None:
    def read(session: Session, api: Any) -> None:
        asked.append(session.server)
        session.registries, session.registries_at = [HOST, "new.example"], time.time()

    asked: list[str] = []
    monkeypatch.setattr(pulling, "read_registries", read)
    sign_in(registries_at=time.time() - 601)
    assert ask(monkeypatch, capsys, "get", given="new.example")[0] == 0
    assert ask(monkeypatch, capsys, "get", given="docker.io")[0] == 1
    assert asked == ["https://purser.example"]


def test_a_server_that_is_away_does_not_slow_each_pull_from_elsewhere(monkeypatch: Any, capsys: Any) -> None:
    def away(session: Session, api: Any) -> None:
        asked.append(session.server)
        raise PurserError("away")

    asked: list[str] = []
    monkeypatch.setattr(pulling, "read_registries", away)
    sign_in(registries_at=0.0)
    said = [ask(monkeypatch, capsys, "get", given="docker.io") for _ in range(3)]
    assert said == [(1, "credentials not found in native keychain\n")] * 3
    assert len(asked) == 1


def test_list_names_registries_and_no_secret(made: list[int], monkeypatch: Any, capsys: Any) -> None:
    assert ask(monkeypatch, capsys, "list") == (0, "{}\n")
    sign_in(pull_secret=SECRET)
    assert ask(monkeypatch, capsys, "list") == (0, f'{{"{HOST}": "bob"}}\n')


def test_store_keeps_nothing(monkeypatch: Any, capsys: Any) -> None:
    given = json.dumps({"ServerURL": HOST, "Username": "bob", "Secret": "hunter2"})
    code, said = ask(monkeypatch, capsys, "store", given=given)
    assert (code, said) == (1, "Purser keeps no passwords. Sign in once with: purser login\n")
    assert not any("hunter2" in path.read_text() for path in folder().glob("*"))


def test_erase_logs_out_of_one_registry_until_the_next_sign_in(
    made: list[int], monkeypatch: Any, capsys: Any
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(docker_credential, "_end", lambda server, token, pk: ended.append(pk))
    sign_in(registries=[HOST, "other.example"])
    ask(monkeypatch, capsys, "get", given=HOST)
    assert ask(monkeypatch, capsys, "erase", given=f"https://{HOST}") == (0, "")
    assert ask(monkeypatch, capsys, "get", given=HOST)[0] == 1
    assert ask(monkeypatch, capsys, "get", given="other.example")[0] == 0
    assert ask(monkeypatch, capsys, "list") == (0, '{"other.example": "bob"}\n')
    assert ended == [1]
    sign_in()
    assert ask(monkeypatch, capsys, "get", given=HOST)[0] == 0


def test_erasing_what_is_not_there_is_no_fault(monkeypatch: Any, capsys: Any) -> None:
    assert ask(monkeypatch, capsys, "erase", given="docker.io") == (0, "")


@pytest.mark.parametrize("words", [(), ("gett",), ("get", "now"), ("--help",)])
def test_other_words_get_the_usage(monkeypatch: Any, capsys: Any, words: tuple[str, ...]) -> None:
    code, said = ask(monkeypatch, capsys, *words)
    assert (code, said) == (1, "Usage: docker-credential-purser <store|get|erase|list|version>\n")


def test_an_empty_address_is_named(monkeypatch: Any, capsys: Any) -> None:
    for word in ("get", "erase"):
        assert ask(monkeypatch, capsys, word) == (1, "no credentials server URL\n")
    assert ask(monkeypatch, capsys, "version")[1].startswith("docker-credential-purser ")


def test_what_is_kept_is_for_its_owner_only_and_never_shown(made: list[int]) -> None:
    os.umask(0o022)
    sign_in()
    with opened() as sessions:
        pulling.fresh_pull_token(sessions.of())
        assert SECRET not in repr(sessions)
        assert "pur_x" not in repr(sessions)
    assert (folder() / "sessions.json").stat().st_mode & 0o777 == 0o600
    assert folder().stat().st_mode & 0o777 == 0o700


def test_a_broken_file_is_no_sign_in(monkeypatch: Any, capsys: Any) -> None:
    sign_in()
    for text in ("", "[]", '{"current": 1, "by_server": {"x": {"y": 1}}}', "\x00"):
        (folder() / "sessions.json").write_text(text)
        assert ask(monkeypatch, capsys, "list") == (0, "{}\n")


HEAVY = {"django", "httpx", "grants", "audit", "approvals"}
LOADED = "import sys, {module}; print(sorted({{name.split('.')[0] for name in sys.modules}} & {heavy}))"


@pytest.mark.parametrize(
    ("module", "loaded"),
    [
        ("portal.cli.purser.docker_credential", []),
        ("portal.cli.purser.kubelet", []),
        ("portal.cli.purser.main", []),
        ("portal.cli.purser.signing_in", ["httpx"]),
    ],
)
def test_it_loads_neither_the_house_nor_more_than_it_needs(module: str, loaded: list[str]) -> None:
    code = LOADED.format(module=module, heavy=HEAVY)
    done = subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(loaded)
