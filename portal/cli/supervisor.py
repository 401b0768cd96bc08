"""Runs the demo's programs: started in order, watched, stopped in order, none left behind."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from portal.cli.errors import DemoError
from portal.embedded.places import REPOSITORY
from portal.embedded.processes import (
    Identity,
    identity,
    read_identity,
    spawn,
    stop,
    wait_until,
    write_identity,
)

LOOK_SECONDS = 0.2
LAST_LINES = 12


@dataclass(frozen=True)
class Program:
    """One program of the demo.

    ready: whether it answers; patience: seconds it gets to answer, and to end by itself.
    """

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str]
    ready: Callable[[], bool] = lambda: True
    patience: float = 60.0


class Supervisor:
    """The programs that run as our children, with their pid files in `run` and their output in `logs`.

    A file `run/<name>.hold` says that a program's end is meant: it is not mourned, and not started again
    before the file is gone.
    """

    def __init__(self, *, run: Path, logs: Path, foreign: Mapping[str, Identity] | None = None) -> None:
        self._run, self._logs = run, logs
        self._foreign = dict(foreign or {})
        self._programs: dict[str, Program] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        for folder in (run, logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def clear_leftovers(self) -> None:
        """End what a killed demo left, and forget its notes.

        Requires that no other demo runs on this data.
        """
        for path in self._run.glob("*.pid"):
            if process := read_identity(path):
                stop(process, how=signal.SIGTERM, seconds=10)
        self.forget()

    def forget(self) -> None:
        """Remove all notes: who runs, who is held."""
        for pattern in ("*.pid", "*.hold"):
            for path in self._run.glob(pattern):
                path.unlink(missing_ok=True)

    def start(self, *programs: Program) -> None:
        """Start programs together and wait until each answers.

        Raises DemoError with the name and the last lines of one that ends or never answers.
        """
        for program in programs:
            self._programs[program.name] = program
            self._spawn(program)
        for program in programs:
            self._wait_for(program)

    def watch(self) -> None:
        """Look after everything until a program dies that should not.

        Raises DemoError with its name and last lines; KeyboardInterrupt when asked to leave.
        """
        while True:
            for name in self._programs:
                self._look_at(name)
            for name, process in self._foreign.items():
                if not process.alive:
                    raise DemoError(f"{name} ended. Everything else is stopped.")
            time.sleep(LOOK_SECONDS)

    def stop(self, *names: str) -> None:
        """Ask the named programs to end, all at once, and wait for them; those not running are passed over."""
        going = {name: self._children.pop(name) for name in names if name in self._children}
        for child in going.values():
            child.terminate()
        for name, child in going.items():
            patience = self._programs.pop(name).patience
            try:
                child.wait(patience)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            self._pid_file(name).unlink(missing_ok=True)

    def _spawn(self, program: Program) -> None:
        child = spawn(
            program.argv, log=self._log(program.name), environment=program.environment, cwd=REPOSITORY
        )
        self._children[program.name] = child
        write_identity(self._pid_file(program.name), identity(child.pid))

    def _wait_for(self, program: Program) -> None:
        answered = wait_until(
            lambda: self._all_live() and program.ready(), seconds=program.patience, every=LOOK_SECONDS / 2
        )
        if not answered:
            raise DemoError(
                f"{program.name} did not answer within {program.patience:.0f} seconds. "
                f"Its log {self._log(program.name)} ends:\n{self._last_lines(program.name)}"
            )

    def _all_live(self) -> bool:
        for name, child in list(self._children.items()):
            if child.poll() is not None:
                raise self._obituary(name, child)
        return True

    def _look_at(self, name: str) -> None:
        child, held = self._children.get(name), (self._run / f"{name}.hold").exists()
        if child is None:
            if not held:
                self._spawn(self._programs[name])
        elif child.poll() is not None:
            if not held:
                raise self._obituary(name, child)
            del self._children[name]
            self._pid_file(name).unlink(missing_ok=True)

    def _obituary(self, name: str, child: subprocess.Popen[bytes]) -> DemoError:
        del self._children[name]
        self._pid_file(name).unlink(missing_ok=True)
        how = f"by signal {-child.returncode}" if child.returncode < 0 else f"with code {child.returncode}"
        log = self._log(name)
        return DemoError(f"{name} ended {how}. Its log {log} ends:\n{self._last_lines(name)}")

    def _last_lines(self, name: str) -> str:
        return "\n".join(self._log(name).read_text("utf-8", "replace").splitlines()[-LAST_LINES:])

    def _pid_file(self, name: str) -> Path:
        return self._run / f"{name}.pid"

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


@contextlib.contextmanager
def leave_on_signals() -> Iterator[Callable[[], None]]:
    """SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt inside; call the yielded function to ignore them.

    A SIGHUP that is ignored already (nohup) stays ignored.
    """
    wanted = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    before = {number: signal.signal(number, _leave) for number in wanted}

    def ignore() -> None:
        for number in wanted:
            signal.signal(number, signal.SIG_IGN)

    try:
        yield ignore
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
