"""Where embedded services keep data and sockets. The rights of a folder we did not make are never changed."""

import hashlib
import os
import stat
from pathlib import Path

from portal.embedded.errors import EmbeddedError

REPOSITORY = Path(__file__).resolve().parents[2]
LONGEST_SOCKET = 107  # bytes of sun_path in unix(7), less its closing zero
SOCKET_NAME = ".s.PGSQL.5432"


def data_folder() -> Path:
    """PURSER_DATA_DIR, or `.data` in the repository."""
    return Path(os.environ.get("PURSER_DATA_DIR") or REPOSITORY / ".data").absolute()


def service_home(data: Path) -> Path:
    """The folder of the embedded services that belong to one data folder, made when absent.

    Root's lies under /var/lib, where the unprivileged server user can pass: /root is closed to it.
    """
    home = root_home(data) if os.geteuid() == 0 else data / "services"
    open_or_private(home)
    return home


def root_home(data: Path) -> Path:
    """`/var/lib/purser-<hash of the data folder's path>`, not made yet."""
    return Path("/var/lib") / f"purser-{_short_hash(data)}"


def open_or_private(home: Path) -> None:
    """Make a home of services: root's lets the server user pass through (0711), others are private (0700)."""
    if not home.exists():
        home.mkdir(parents=True, mode=0o700)
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)  # whatever the umask was


def socket_folder(wanted: Path, *, short: Path | None = None) -> Path:
    """`wanted`, or a short private folder of ours when its socket's path would be too long for the kernel.

    short: where to make it; XDG_RUNTIME_DIR or /tmp unless named.
    Raises EmbeddedError when somebody else prepared that folder.
    """
    if len(os.fsencode(wanted / SOCKET_NAME)) <= LONGEST_SOCKET:
        return wanted
    base = short or Path(os.environ.get("XDG_RUNTIME_DIR") or "/tmp")  # noqa: S108 - ownership is checked below
    folder = base / f"purser-{os.geteuid()}-{_short_hash(wanted)}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise EmbeddedError(f"{folder} is not a private folder of ours. Remove it, or set XDG_RUNTIME_DIR.")
    return folder


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
