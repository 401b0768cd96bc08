"""The supervisor: order, deaths, holds, and nobody left behind."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from portal.cli.errors import DemoError
from portal.cli.ports import FIRST_CHOICE, kept_ports, require_free
from portal.cli.supervisor import Program, Supervisor, leave_on_signals
from portal.embedded.places import REPOSITORY
from portal.embedded.processes import Identity, identity, read_identity, wait_until, write_identity

NOTES_ITS_END = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
open(sys.argv[1] + "." + sys.argv[2], "w").close()
time.sleep(600)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(run=tmp_path / "run", logs=tmp_path / "log")


def sleeper(name: str, *, code: str = "import time; time.sleep(600)", patience: float = 10) -> Program:
    return Program(name=name, argv=[sys.executable, "-c", code], environment=os.environ, patience=patience)


def polite(name: str, diary: Path) -> Program:
    return Program(
        name=name,
        argv=[sys.executable, "-c", NOTES_ITS_END, str(diary), name],
        environment=os.environ,
        ready=Path(f"{diary}.{name}").exists,
    )


def process_of(tmp_path: Path, name: str) -> Identity:
    process = read_identity(tmp_path / "run" / f"{name}.pid")
    assert process
    return process


def test_stages_end_in_the_order_asked_and_leave_nothing(supervisor: Supervisor, tmp_path: Path) -> None:
    diary = tmp_path / "diary"
    supervisor.start(*[polite(name, diary) for name in ("registry", "worker", "web")])
    processes = [process_of(tmp_path, name) for name in ("registry", "worker", "web")]
    assert all(process.alive for process in processes)
    for stage in (("web",), ("worker",), ("registry", "never started")):
        supervisor.stop(*stage)
    assert diary.read_text().split() == ["web", "worker", "registry"]
    assert not any(process.alive for process in processes)
    assert list((tmp_path / "run").iterdir()) == []


def test_a_program_that_will_not_end_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('{0}', 'w'); time.sleep(600)"
    mark = tmp_path / "deaf"
    program = sleeper("deaf", code=stubborn.format(mark), patience=1)
    supervisor.start(Program(**{**program.__dict__, "ready": mark.exists, "patience": 5}))
    process = process_of(tmp_path, "deaf")
    begun = time.monotonic()
    supervisor.stop("deaf")
    assert not process.alive
    assert time.monotonic() - begun >= 4.5


def test_a_death_is_told_with_name_signal_and_last_lines(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(polite("web", tmp_path / "diary"), polite("beat", tmp_path / "diary"))
    os.kill(process_of(tmp_path, "web").pid, signal.SIGKILL)
    with pytest.raises(DemoError, match=r"(?s)web ended by signal 9\. .*web\.log ends:\nup"):
        supervisor.watch()
    supervisor.stop("beat")


def test_a_program_that_ends_while_another_gets_ready_is_told_at_once(supervisor: Supervisor) -> None:
    broken = sleeper("worker", code="raise SystemExit('no broker')")
    waiting = Program(**{**sleeper("web").__dict__, "ready": lambda: False, "patience": 30})
    begun = time.monotonic()
    with pytest.raises(DemoError, match=r"(?s)worker ended with code 1\..*no broker"):
        supervisor.start(waiting, broken)
    assert time.monotonic() - begun < 10
    supervisor.stop("web")


def test_a_program_that_never_answers_is_named(supervisor: Supervisor) -> None:
    silent = Program(**{**sleeper("jira").__dict__, "ready": lambda: False, "patience": 0.2})
    with pytest.raises(DemoError, match="jira did not answer within 0 seconds"):
        supervisor.start(silent)
    supervisor.stop("jira")


def test_the_end_of_a_server_that_is_not_a_child_is_told(tmp_path: Path) -> None:
    server = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    supervisor = Supervisor(run=tmp_path, logs=tmp_path, foreign={"postgres": identity(server.pid)})
    server.kill()
    server.wait()
    with pytest.raises(DemoError, match="postgres ended"):
        supervisor.watch()


def test_a_held_part_may_die_and_comes_back_when_the_hold_is_gone(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    diary = tmp_path / "diary"
    supervisor.start(polite("web", diary), polite("registry", diary))
    first, registry = process_of(tmp_path, "web"), process_of(tmp_path, "registry")
    hold = tmp_path / "run" / "web.hold"
    hold.touch()  # before anything dies
    seen: list[bool] = []

    def play() -> None:
        os.kill(first.pid, signal.SIGKILL)
        seen.append(wait_until(lambda: not (tmp_path / "run" / "web.pid").exists(), seconds=10))
        hold.unlink()
        seen.append(
            wait_until(lambda: (read_identity(tmp_path / "run" / "web.pid") or first) != first, seconds=10)
        )
        seen.append(registry.alive)
        if watching.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    watching = threading.Event()
    watching.set()
    player = threading.Thread(target=play)
    player.start()
    with leave_on_signals():
        try:
            supervisor.watch()
        except KeyboardInterrupt:
            seen.append(True)
        finally:
            watching.clear()
    player.join()
    assert seen == [True, True, True, True]
    supervisor.stop("web", "registry")


def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    script = textwrap.dedent(f"""
        import os, sys, pathlib
        from portal.cli.supervisor import Program, Supervisor
        supervisor = Supervisor(run=pathlib.Path({str(tmp_path / "run")!r}), logs=pathlib.Path({str(tmp_path)!r}))
        supervisor.start(*[Program(name, [sys.executable, "-c", "import time; time.sleep(600)"], os.environ)
                           for name in ("web", "worker")])
        print("started", flush=True)
        supervisor.watch()
    """)
    owner = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", script], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    assert owner.stdout.readline() == "started\n"
    processes = [process_of(tmp_path, name) for name in ("web", "worker")]
    owner.kill()
    owner.wait()
    assert wait_until(lambda: not any(process.alive for process in processes), seconds=10)


def test_leftovers_end_but_a_stranger_with_an_old_pid_lives(supervisor: Supervisor, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    left, stranger = subprocess.Popen(command), subprocess.Popen(command)  # noqa: S603
    write_identity(tmp_path / "run" / "web.pid", identity(left.pid))
    write_identity(tmp_path / "run" / "beat.pid", Identity(stranger.pid, identity(stranger.pid).start - 1))
    supervisor.clear_leftovers()
    assert left.wait(5) == -signal.SIGTERM
    assert stranger.poll() is None
    assert list((tmp_path / "run").iterdir()) == []
    stranger.kill()
    stranger.wait()


@pytest.mark.enable_loopback
def test_a_taken_port_is_named_with_what_to_do() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(DemoError) as refused:
            require_free({"web": port}, host="127.0.0.1")
    assert str(refused.value) == (
        f"Port {port} (web) on 127.0.0.1 is taken by another program. Choose another one: make demo PORT={port + 1}"
    )
    require_free({"web": port}, host="127.0.0.1")


@pytest.mark.enable_loopback
def test_ports_are_chosen_once_differ_and_avoid_taken_ones(tmp_path: Path) -> None:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", FIRST_CHOICE["oidc"]))
        except OSError:
            assert FIRST_CHOICE["oidc"]  # taken already: as good
        ports = kept_ports(tmp_path / "ports.json", host="127.0.0.1")
        assert ports["oidc"] != FIRST_CHOICE["oidc"]
    assert sorted(ports) == sorted(FIRST_CHOICE)
    assert len(set(ports.values())) == len(FIRST_CHOICE)
    assert kept_ports(tmp_path / "ports.json", host="127.0.0.1") == ports
