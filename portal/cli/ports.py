"""Ports of the demo: the web port is asked for, the others are chosen once and kept."""

import json
import socket
from pathlib import Path

from portal.cli.errors import DemoError

FIRST_CHOICE = {
    "registry": 5443,
    "oidc": 9400,
    "jira": 8480,
    "harbor": 8580,
    "google": 8680,
    "google_iam": 8690,
    "kubernetes": 8780,
    "opencost": 8790,
    "prometheus": 8795,
}
"""Where the search for a free port begins. 5000 is Debian's own registry service and never used."""


def kept_ports(path: Path, *, host: str) -> dict[str, int]:
    """The ports kept in the file, or free ones chosen now and kept there. Image references contain one of them."""
    kept: dict[str, int] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for name, first in FIRST_CHOICE.items():
        kept.setdefault(name, _first_free(first, host=host, but=set(kept.values())))
    path.write_text(json.dumps(kept, indent=2), "utf-8")
    return kept


def require_free(ports: dict[str, int], *, host: str) -> None:
    """Make sure that every port can be taken.

    Raises DemoError that names the first one somebody else has.
    """
    for name, port in ports.items():
        if not is_free(port, host=host):
            raise DemoError(
                f"Port {port} ({name}) on {host} is taken by another program. {_remedy(name, port)}"
            )


def is_free(port: int, *, host: str) -> bool:
    """Whether we could listen on it now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
    return True


def _first_free(first: int, *, host: str, but: set[int]) -> int:
    for port in range(first, first + 500):
        if port not in but and is_free(port, host=host):
            return port
    raise DemoError(f"No port from {first} to {first + 499} is free on {host}.")


def _remedy(name: str, port: int) -> str:
    if name == "web":
        return f"Choose another one: make demo PORT={port + 1}"
    return "End that program, or choose new ports and data with: make clean"
