"""Set-up on a bare machine: steps skipped when nothing changed, packages named or installed without services."""

import fcntl
import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from portal.embedded import places


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", places.REPOSITORY / "deploy" / "bootstrap.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "say", lambda line: None)
    return module


def test_a_step_is_done_again_only_when_an_input_changed(bootstrap: ModuleType, tmp_path: Path) -> None:
    lock, done = tmp_path / "uv.lock", []
    for content in ("one", "one", "two", "two"):
        lock.write_text(content)
        bootstrap.once(
            "packages", [lock], lambda content=content: done.append(content), stamps=tmp_path / "stamps"
        )
    assert done == ["one", "two"]


def test_a_failed_step_is_not_remembered(bootstrap: ModuleType, tmp_path: Path) -> None:
    def fail() -> None:
        raise bootstrap.SetupError("no network")

    for _attempt in range(2):
        with pytest.raises(bootstrap.SetupError):
            bootstrap.once("packages", [], fail, stamps=tmp_path)


def test_a_failing_program_is_shown_with_its_words(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.SetupError, match=r"(?s)failed:.*no such thing"):
        bootstrap.run(sys.executable, "-c", "raise SystemExit('no such thing')")


def test_missing_programs_are_named_once_by_their_package(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bootstrap.shutil, "which", lambda name: None if "gettext" in name or name == "msgfmt" else name
    )
    assert bootstrap.missing_programs() == ["gettext"]


def test_without_root_one_apt_line_is_named(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(bootstrap.SetupError) as refused:
        bootstrap.install_programs(["gettext", "skopeo"])
    assert str(refused.value) == (
        "This machine lacks gettext, skopeo. As root, run: apt-get install --no-install-recommends gettext skopeo"
    )


@pytest.mark.parametrize("kept", [None, "#!/bin/sh\nexit 0\n"])
def test_services_of_installed_packages_are_not_started_and_the_policy_is_put_back(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: str | None
) -> None:
    policy, during = tmp_path / "policy-rc.d", []
    if kept:
        policy.write_text(kept)
    monkeypatch.setattr(bootstrap, "POLICY", policy)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name)
    monkeypatch.setattr(bootstrap, "run", lambda *argv, **_env: during.append((argv[1], policy.read_text())))
    bootstrap.install_programs(["docker-registry"])
    expected = kept or "#!/bin/sh\nexit 101\n"
    assert during == [("update", expected), ("install", expected)]
    assert (policy.read_text() if policy.exists() else None) == kept


def test_clean_refuses_while_the_demo_runs(bootstrap: ModuleType, tmp_path: Path) -> None:
    lock = tmp_path / "owner.lock"
    bootstrap.refuse_when_owned(lock)
    with lock.open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        with pytest.raises(bootstrap.SetupError, match="demo is running"):
            bootstrap.refuse_when_owned(lock)
    bootstrap.refuse_when_owned(lock)


def test_clean_knows_the_folder_of_root_by_the_same_name(bootstrap: ModuleType, tmp_path: Path) -> None:
    assert bootstrap.short_hash(tmp_path) == places._short_hash(tmp_path)
