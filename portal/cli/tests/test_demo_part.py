"""Parts of a running demo taken down and up: noted for the supervisor, and waited for."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.cli.management.commands import demo_part
from portal.embedded.processes import identity, write_identity


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PURSER_DATA_DIR", str(tmp_path))
    (tmp_path / "run").mkdir()
    (tmp_path / "demo.json").write_text(json.dumps({"base_url": "http://127.0.0.1:8765"}))
    write_identity(tmp_path / "run" / "demo.pid", identity(os.getpid()))
    return tmp_path / "run"


@pytest.fixture
def parts(run: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    children = {
        name: subprocess.Popen(["/usr/bin/sleep", "60"]) for name in ("web", "beat", "worker", "jira")
    }
    for name, child in children.items():
        write_identity(run / f"{name}.pid", identity(child.pid))
    yield children
    for child in children.values():
        child.kill()
        child.wait()


def test_killing_purser_holds_and_kills_its_three_parts_only(
    run: Path, parts: dict[str, subprocess.Popen[bytes]]
) -> None:
    call_command("demo_part", "kill", "purser")
    assert {name: child.poll() for name, child in parts.items()} == {
        "web": -9,
        "beat": -9,
        "worker": -9,
        "jira": None,
    }
    assert sorted(path.stem for path in run.glob("*.hold")) == ["beat", "web", "worker"]


def test_stopping_asks_politely(run: Path, parts: dict[str, subprocess.Popen[bytes]]) -> None:
    call_command("demo_part", "stop", "jira")
    assert parts["jira"].poll() == -15


def test_starting_lets_go_and_waits_until_the_web_is_well(
    run: Path, parts: dict[str, subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(demo_part, "healthy", lambda host, port: asked.append((host, port)) or len(asked) > 1)
    (run / "web.hold").touch()
    call_command("demo_part", "start", "web")
    assert not (run / "web.hold").exists()
    assert asked == [("127.0.0.1", 8765), ("127.0.0.1", 8765)]


def test_a_part_that_does_not_come_up_is_named(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_part, "SECONDS", 0.05)
    with pytest.raises(CommandError, match="registry did not start"):
        call_command("demo_part", "start", "registry")


def test_without_a_demo_it_says_what_to_do(run: Path) -> None:
    (run / "demo.pid").unlink()
    with pytest.raises(CommandError, match="make demo"):
        call_command("demo_part", "kill", "purser")
