"""The demo's addresses, ports, secrets and files."""

import ipaddress
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path

from portal.cli.errors import DemoError
from portal.cli.ports import kept_ports
from portal.embedded.places import data_folder
from portal.environment import public_name

SECRETS = (
    "registry_notifications",
    "jira_webhook",
    "jira_token",
    "registry_http",
    "harbor_admin",
    "harbor_webhook",
    "kubernetes_token",
)
NOT_FOR_BROWSERS = frozenset({"google_iam"})  # gRPC, spoken by Purser alone


@dataclass(frozen=True)
class Place:
    """One demo. host: where it listens; name: how browsers and clients call that host."""

    data: Path
    host: str
    name: str
    web: int
    ports: dict[str, int]

    def url(self, part: str) -> str:
        """The address of `web` or of a part that has a port, without a closing slash."""
        return f"http://{self.address(part)}"

    def address(self, part: str) -> str:
        """`host:port` of a part, as people and image references write it."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{name}:{self.web if part == 'web' else self.ports[part]}"

    def secret_file(self, name: str) -> Path:
        """The file of one of SECRETS, mode 0600."""
        return self.data / "secrets" / name


def demo_place() -> Place:
    """The demo that PURSER_DATA_DIR, HOST and PORT describe; folders, ports and secrets are made when absent.

    Raises DemoError when PORT is no port.
    """
    data, host = data_folder(), os.environ.get("HOST") or "127.0.0.1"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = Place(
        data=data,
        host=host,
        name=public_name(host),
        web=_port(os.environ.get("PORT") or "8000"),
        ports=kept_ports(data / "ports.json", host=host),
    )
    for name in SECRETS:
        _keep_secret(place.secret_file(name))
    return place


def tunnel(place: Place) -> str:
    """The one `ssh -L` line that brings every part to another machine under the same addresses."""
    ports = [place.web, *(port for name, port in place.ports.items() if name not in NOT_FOR_BROWSERS)]
    forwards = " ".join(f"-L {port}:{place.name}:{port}" for port in ports)
    return f"ssh {forwards} {os.environ.get('USER') or 'root'}@{socket.gethostname()}"


def is_loopback(place: Place) -> bool:
    """Whether only this machine reaches the demo."""
    return place.name == "localhost" or ipaddress.ip_address(place.name).is_loopback


def _port(text: str) -> int:
    if text.isdecimal() and 0 < int(text) < 65536:
        return int(text)
    raise DemoError(f"PORT must be a number from 1 to 65535. It is {text!r}.")


def _keep_secret(path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
