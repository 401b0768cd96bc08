"""Where embedded services keep data and sockets, without ever changing the rights of a folder they did not make."""

import hashlib
import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def root_home(repository: Path) -> Path:
    """Root's folder for the servers of one clone: the unprivileged server user can pass through it.

    /root is closed to that user and stays so. Made with mode 0711 when absent.
    """
    home = Path("/var/lib") / f"purser-{_short_hash(repository)}"
    home.mkdir(mode=0o711, exist_ok=True)
    return home


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]
