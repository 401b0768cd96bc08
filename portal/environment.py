"""Typed readers of environment settings: nonsense is refused loudly, secrets may come from `NAME_FILE`."""

import os
import socket
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ADDRESSES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "BROKER_URL")
"""Settings that others than we read from the environment too: Celery's command line, the embedded services."""
# Rows are in memory or on solid disks, where an index costs about as much to jump in as to read on; compiling
# a query takes longer than any page's query runs.
PLANNER = "-c random_page_cost=1.1 -c jit=off"
KEEPALIVES = "-c tcp_keepalives_idle=20 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=4"
"""A machine that vanished holds its session's locks no longer than 40 s; the server would wait two hours for it."""
TRUE, FALSE = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


def text(name: str, default: str = "") -> str:
    """The setting `name`, or the content of the file that `name_FILE` names, or the default."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def flag(name: str, default: bool = False) -> bool:
    """A yes or no; anything else is refused."""
    value = os.environ.get(name, str(default)).strip().lower()
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be one of true or false. It is {value!r}.")


def number(name: str, default: int, *, least: int = 0) -> int:
    """A whole number of at least `least`."""
    value = os.environ.get(name, str(default)).strip()
    try:
        parsed = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number. It is {value!r}.") from None
    if parsed < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}. It is {parsed}.")
    return parsed


def own_address() -> str:
    """Where HOST and PORT have Purser listen, as `make demo` and the entrypoint read them."""
    name = public_name(os.environ.get("HOST") or "127.0.0.1")
    port = number("PORT", 8000, least=1) if os.environ.get("PORT") else 8000
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def public_name(host: str) -> str:
    """How others call what listens on this host: of every address, the one this machine has outside."""
    if host not in {"0.0.0.0", "::"}:  # noqa: S104 - asked about, not listened on
        return host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: the kernel only picks our address (RFC 5737)
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def words(name: str, default: str = "") -> list[str]:
    """A list written with commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(url: str) -> dict[str, Any]:
    """Django's settings for a `postgresql://user:secret@host:port/name?host=/socket/dir` URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(
            "DATABASE_URL must start with postgresql://. Purser runs on PostgreSQL only."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    query["options"] = f"{KEEPALIVES} {PLANNER} {query.get('options', '')}".strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": query,
    }


def redis_url(url: str, database_number: int) -> str:
    """The same Redis with another database number; unix sockets as `unix:///path?db=N`."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return f"unix://{parts.path}?db={database_number}"
    return parts._replace(path=f"/{database_number}").geturl()


def broker_url(url: str) -> str:
    """Celery's spelling of a broker URL: Redis over a unix socket is `redis+socket://` there."""
    parts = urlsplit(url)
    return f"redis+socket://{parts.path}?virtual_host=0" if parts.scheme == "unix" else url


def adopt_files(environment: MutableMapping[str, str], names: Iterable[str]) -> None:
    """Put the content of the file that `NAME_FILE` names into the environment as `NAME`."""
    for name in names:
        if path := environment.get(f"{name}_FILE"):
            environment[name] = Path(path).read_text(encoding="utf-8").strip()


def required(environment: Mapping[str, str], name: str, hint: str) -> str:
    """The setting, or a sentence that tells the operator what to set."""
    if value := environment.get(name):
        return value
    raise ImproperlyConfigured(f"{name} is not set. {hint}")
