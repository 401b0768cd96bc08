"""The demo: its settings, its registry and sign-in for real, and its whole life with stand-in programs."""

import datetime
import http.client
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from grants.catalogue.target_file import read_targets
from portal.cli import demo, ports, programs
from portal.cli.errors import DemoError
from portal.cli.places import SECRETS, Place, demo_place, tunnel
from portal.cli.registry_config import registry_config, write_registry_config
from portal.cli.supervisor import Program, Supervisor
from portal.cli.target_file import targets_of, write_targets
from portal.embedded import Services
from portal.embedded.processes import Identity, read_identity, wait_until

SEEDED: dict[str, Any] = {
    "people": {"lead": {"email": "alice@example.com", "name": "Alice", "token": "secret"}},
    "issues": {"anti-fraud-v2": "AF-1"},
    "claims": [{"sub": "alice", "email": "alice@example.com", "groups": ["anti-fraud-leads"]}],
}


OUTSIDE = ("registry", "oidc", "jira", "harbor", "google", "kubernetes", "opencost", "prometheus")
PARTS = (*OUTSIDE, "web", "worker", "beat")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> int:
    # Other test processes and a running demo use ports at the same time.
    monkeypatch.setattr(ports, "FIRST_CHOICE", {name: free_port() for name in ports.FIRST_CHOICE})
    monkeypatch.setenv("PURSER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("HOST", "127.0.0.1")
    port = free_port()
    monkeypatch.setenv("PORT", str(port))
    return port


@pytest.fixture
def place(web: int) -> Place:
    return demo_place()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(run=tmp_path / "run", logs=tmp_path / "log")
    yield supervisor
    supervisor.stop(*OUTSIDE)


def answer(place: Place, part: str, path: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(place.address(part), timeout=5)
    connection.request("GET", path)
    return connection.getresponse()


def write_certificate(path: Path) -> None:
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "CA")]),
    )
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start)
    certificate = builder.not_valid_after(start + datetime.timedelta(days=20000)).sign(key, hashes.SHA256())
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


@pytest.mark.enable_loopback
def test_demo_file_is_the_contract_for_scripts(place: Place, web: int, tmp_path: Path) -> None:
    kept = json.loads((tmp_path / "ports.json").read_text())
    assert demo.demo_file(place, SEEDED) == {
        "base_url": f"http://127.0.0.1:{web}",
        "registry": f"127.0.0.1:{kept['registry']}",
        "people": {"lead": {"email": "alice@example.com", "name": "Alice", "token": "secret"}},
        "jira": {
            "base_url": f"http://127.0.0.1:{kept['jira']}",
            "webhook_url": f"http://127.0.0.1:{web}/webhooks/jira/",
            "webhook_secret": (tmp_path / "secrets" / "jira_webhook").read_text(),
            "issue": {"anti-fraud-v2": "AF-1"},
        },
        "targets": {
            "main": {"kind": "distribution", "url": f"http://127.0.0.1:{kept['registry']}"},
            "harbor": {"kind": "harbor", "url": f"http://127.0.0.1:{kept['harbor']}"},
            "google": {"kind": "google", "url": f"http://127.0.0.1:{kept['google']}"},
            "gpu-cluster": {"kind": "kubernetes", "url": f"http://127.0.0.1:{kept['kubernetes']}"},
        },
    }


@pytest.mark.enable_loopback
def test_secrets_are_private_long_and_kept(place: Place) -> None:
    before = {
        name: place.secret_file(name).read_text() for name in ("jira_webhook", "registry_notifications")
    }
    assert all(len(secret) >= 43 for secret in before.values())
    assert place.secret_file("jira_webhook").stat().st_mode & 0o777 == 0o600
    again = demo_place()
    assert {name: again.secret_file(name).read_text() for name in before} == before
    assert again == place


@pytest.mark.enable_loopback
@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
@pytest.mark.usefixtures("web")
def test_a_port_that_is_none_is_named(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(DemoError, match=f"PORT must be a number from 1 to 65535. It is '{port}'"):
        demo_place()


@pytest.mark.enable_loopback
def test_one_tunnel_line_reaches_every_part(place: Place, web: int) -> None:
    line = tunnel(place)
    assert line.startswith(f"ssh -L {web}:127.0.0.1:{web} ")
    forwarded = {name for name, port in place.ports.items() if f"-L {port}:127.0.0.1:{port}" in line}
    assert forwarded == place.ports.keys() - {"google_iam"}


@pytest.mark.enable_loopback
def test_purser_learns_its_world_from_the_environment(place: Place, web: int) -> None:
    settings = programs.environment(place)
    assert settings["PURSER_BASE_URL"] == f"http://127.0.0.1:{web}"
    assert settings["REGISTRY_HOST"] == place.address("registry")
    assert settings["OIDC_ISSUER"] == place.url("oidc")
    assert Path(settings["JIRA_WEBHOOK_SECRET_FILE"]) == place.secret_file("jira_webhook")
    assert not any(place.secret_file("jira_webhook").read_text() in value for value in settings.values())


@pytest.mark.enable_loopback
def test_the_real_registry_asks_purser_for_tokens(
    place: Place, supervisor: Supervisor, tmp_path: Path
) -> None:
    write_certificate(tmp_path / "registry" / "ca.pem")
    path = write_registry_config(place)
    assert path.stat().st_mode & 0o777 == 0o600
    assert registry_config(place)["http"]["addr"] == f"127.0.0.1:{place.ports['registry']}"
    supervisor.start(programs.registry(place, path))
    response = answer(place, "registry", "/v2/")
    assert response.status == 401
    assert response.getheader("WWW-Authenticate") == (
        f'Bearer realm="{place.url("web")}/registry/token",service="purser-registry"'
    )


@pytest.mark.enable_loopback
def test_the_identity_provider_names_itself_as_purser_calls_it(place: Place, supervisor: Supervisor) -> None:
    supervisor.start(programs.oidc(place, SEEDED["claims"]))
    known = json.loads(answer(place, "oidc", "/.well-known/openid-configuration").read())
    assert known["issuer"].rstrip("/") == place.url("oidc")


@pytest.mark.enable_loopback
def test_the_jira_stand_in_answers(place: Place, supervisor: Supervisor) -> None:
    supervisor.start(programs.jira(place, os.environ))
    assert answer(place, "jira", "/rest/api/2/serverInfo").status in {200, 401}


@pytest.mark.enable_loopback
@pytest.mark.parametrize("part", ["harbor", "google", "kubernetes"])
def test_stand_ins_answer_and_keep_their_state(place: Place, supervisor: Supervisor, part: str) -> None:
    supervisor.start(getattr(programs, part)(place, os.environ))
    assert answer(place, part, "/sandbox/state").status == 200
    supervisor.stop(part)
    assert json.loads((place.data / f"{part}.json").read_text())


@pytest.mark.django_db  # what stands at a target says which of its options may change
@pytest.mark.enable_loopback
def test_targets_are_written_with_references_in_place_of_secrets(place: Place) -> None:
    text = write_targets(place).read_text()
    file = read_targets(text.encode())
    kinds = {target.key: target.kind for target in [*file.registry, *file.cluster]}
    assert {key: one["kind"] for key, one in targets_of(place).items() if key != "main"} == kinds
    assert not any(place.secret_file(name).read_text() in text for name in SECRETS)


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    commands: list[str] = []

    def sleeper(name: str) -> Program:
        return Program(name, [sys.executable, "-c", "import time; time.sleep(600)"], os.environ)

    for name in PARTS:
        monkeypatch.setattr(programs, name, lambda *_args, name=name: sleeper(name))
    monkeypatch.setattr(demo, "_manage", lambda _settings, *words: commands.append(words[0]))
    monkeypatch.setattr(demo, "_seed", lambda *_args: commands.append("seed") or SEEDED)
    return commands


@pytest.mark.enable_loopback
def test_demo_runs_until_asked_to_end_and_leaves_nothing(
    place: Place, stand_ins: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    run, said, alive = tmp_path / "run", [], []

    def end_it() -> None:
        ready = wait_until(lambda: any("is ready" in line for line in said), seconds=20)
        processes = {path.stem: read_identity(path) for path in run.glob("*.pid") if path.stem != "demo"}
        alive.append((ready, {name: bool(process and process.alive) for name, process in processes.items()}))
        alive.append([process for process in processes.values() if process])
        if running.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    running = threading.Event()
    running.set()
    ender = threading.Thread(target=end_it)
    ender.start()
    try:
        demo.run_demo(place, Services(), say=said.append)
    finally:
        running.clear()
        ender.join()
    assert alive[0] == (True, dict.fromkeys(PARTS, True))
    processes: list[Identity] = alive[1]
    assert [process.alive for process in processes] == [False] * len(PARTS)
    assert stand_ins == ["migrate", "registry_ca", "seed"]
    assert list(run.iterdir()) == []
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
    assert said[-6].startswith(f"Purser is ready: {place.url('web')} ")
    assert said[-2].startswith("From another machine: ssh -L")
    assert said[-1] == "Stopping."


@pytest.mark.enable_loopback
def test_a_failing_step_stops_what_was_started(
    place: Place, stand_ins: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Identity] = []

    def fail(*_args: object) -> dict[str, Any]:
        seen.extend(filter(None, [read_identity(tmp_path / "run" / "registry.pid")]))
        raise DemoError("manage.py seed_demo failed: no image")

    monkeypatch.setattr(demo, "_seed", fail)
    with pytest.raises(DemoError, match="no image"):
        demo.run_demo(place, Services(), say=lambda _line: None)
    assert [process.alive for process in seen] == [False]


def test_a_second_demo_on_the_same_data_is_refused(tmp_path: Path) -> None:
    place = Place(data=tmp_path, host="127.0.0.1", name="127.0.0.1", web=8765, ports={})
    with pytest.raises(DemoError, match="a demo or a shell"):
        demo.run_demo(place, Services(attached=True), say=lambda _line: None)
    assert list(tmp_path.iterdir()) == []
