"""Child processes that die with their parent, and the identity of processes across runs (Linux)."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portal.embedded.errors import EmbeddedError

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """A process that cannot be confused with a later one of the same pid (start: clock ticks since boot)."""

    pid: int
    start: int

    @property
    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return self.start != 0 and started_at(self.pid) == self.start


@dataclass(frozen=True)
class Account:
    """An operating system user to run a server as."""

    name: str
    uid: int
    gid: int


def started_at(pid: int) -> int:
    """When a process started, in clock ticks since boot (proc(5), stat); 0 when it is gone or a zombie."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except (OSError, ValueError):
        return 0
    return 0 if state in "ZX" else int(fields[18])


def identity(pid: int) -> Identity:
    """The identity of a process as it runs now."""
    return Identity(pid=pid, start=started_at(pid))


def write_identity(path: Path, process: Identity) -> None:
    """Keep a process's identity as `pid start`, replaced in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(f"{process.pid} {process.start}\n", "ascii")
    draft.replace(path)


def read_identity(path: Path) -> Identity | None:
    """The identity kept in a file; none when there is none that can be read."""
    try:
        pid, start = path.read_text("ascii").split()
        return Identity(pid=int(pid), start=int(start))
    except (OSError, ValueError):
        return None


def command_line(pid: int) -> list[str]:
    """The arguments a process was started with; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def spawn(
    argv: Sequence[str],
    *,
    log: Path,
    death_signal: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that Ctrl-C reaches only us; output is added to `log`.

    The kernel sends `death_signal` when the calling thread ends: call from the main thread.
    """
    with open(log, "ab", opener=_private_file) as output:
        return subprocess.Popen(  # noqa: S603 - arguments are ours
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=dict(environment) if environment is not None else None,
            cwd=cwd,
            preexec_fn=_die_with(os.getpid(), death_signal),  # noqa: PLW1509 - called in the main thread
            **_as_account(account),
        )


def run(argv: Sequence[str], *, account: Account | None = None, cwd: Path | None = None) -> None:
    """Run a program to its end.

    Raises EmbeddedError with what it wrote when it fails.
    """
    done = subprocess.run(  # noqa: S603 - arguments are ours
        list(argv),
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        **_as_account(account),
    )
    if done.returncode != 0:
        raise EmbeddedError(f"{Path(argv[0]).name} failed: {(done.stderr or done.stdout).strip()[-2000:]}")


def wait_until(condition: Callable[[], bool], *, seconds: float, every: float = 0.01) -> bool:
    """Look every so many seconds until the condition holds; False when the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def stop(process: Identity, *, how: signal.Signals, seconds: float) -> bool:
    """Ask a process to end and wait; SIGKILL when the seconds are over. True when it ended by itself."""
    if not _send(process, how):
        return True
    if wait_until(lambda: not process.alive, seconds=seconds):
        return True
    _send(process, signal.SIGKILL)
    wait_until(lambda: not process.alive, seconds=5)
    return False


def service_account(name: str = "purser-db") -> Account | None:
    """The unprivileged user for servers that refuse to run as root, made once; None when we are not root.

    Raises EmbeddedError when it does not exist and cannot be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        entry = _create_account(name)
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


def _create_account(name: str) -> pwd.struct_passwd:
    tool = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if tool is None:
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and there is no useradd to make the user {name}."
        )
    made = subprocess.run(  # noqa: S603 - arguments are ours
        [
            tool,
            "--system",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
            name,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return pwd.getpwnam(name)  # another start may have been faster
    except KeyError:
        raise EmbeddedError(f"The user {name} could not be made: {made.stderr.strip()}") from None


def _private_file(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _as_account(account: Account | None) -> dict[str, Any]:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def _die_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    def ask_kernel() -> None:
        # After the change of user, which would clear it (prctl(2)).
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def _send(process: Identity, how: signal.Signals) -> bool:
    if not process.alive:
        return False
    try:
        os.kill(process.pid, how)
    except ProcessLookupError:
        return False
    return True
