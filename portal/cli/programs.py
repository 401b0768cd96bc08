"""The demo's programs in two groups: the outside world, and Purser."""

import http.client
import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portal.cli.errors import DemoError
from portal.cli.places import Place
from portal.cli.registry_config import TARGET
from portal.cli.supervisor import Program

PURSER = ("web", "beat", "worker")
OUTSIDE = ("registry", "jira", "oidc", "harbor", "google", "kubernetes", "opencost", "prometheus")
STOP_ORDER = (("web", "beat"), ("worker",), OUTSIDE)
"""Who still needs whom: requests and schedules end first, then running tasks, then what they talk to."""


def environment(place: Place) -> dict[str, str]:
    """The settings of every Purser process of the demo, beside the addresses of its database and broker."""
    return {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "PURSER_DATA_DIR": str(place.data),
        "PURSER_BASE_URL": place.url("web"),
        "PURSER_HOSTS": ",".join(dict.fromkeys([place.name, place.host])),
        "REGISTRY_KEY": TARGET,
        "REGISTRY_HOST": place.address("registry"),
        "REGISTRY_URL": place.url("registry"),
        "REGISTRY_NOTIFICATION_SECRET_FILE": str(place.secret_file("registry_notifications")),
        "JIRA_URL": place.url("jira"),
        "JIRA_USER": "purser@example.com",
        "JIRA_TOKEN_FILE": str(place.secret_file("jira_token")),
        "JIRA_WEBHOOK_SECRET_FILE": str(place.secret_file("jira_webhook")),
        "OIDC_ISSUER": place.url("oidc"),
        "OIDC_CLIENT_SECRET": "demo",
    }


def web(place: Place, settings: Mapping[str, str]) -> Program:
    """Pages, API, sockets and the token service."""
    options = ["--host", place.host, "--port", str(place.web), "--no-access-log", "--no-server-header"]
    # Who may name another address is decided by PURSER_BEHIND_PROXY; uvicorn would believe anybody on this machine.
    options.append("--no-proxy-headers")
    limits = ["--timeout-graceful-shutdown", "5", "--lifespan", "on"]
    return Program(
        name="web",
        argv=[sys.executable, "-m", "uvicorn", "portal.asgi:application", *options, *limits],
        environment=settings,
        ready=lambda: healthy(place.name, place.web),
    )


def worker(settings: Mapping[str, str]) -> Program:
    """Deliveries, endings, mail: whatever due rows ask for."""
    quick = ["--concurrency", "2", "--without-mingle", "--without-gossip"]
    return Program(name="worker", argv=_celery("worker", *quick), environment=settings)


def beat(settings: Mapping[str, str]) -> Program:
    """Wakes the worker."""
    return Program(name="beat", argv=_celery("beat", "--pidfile="), environment=settings)


def registry(place: Place, config: Path) -> Program:
    """Debian's docker-registry with a configuration, port and storage of the demo's own.

    Raises DemoError when it is not installed.
    """
    program = shutil.which("docker-registry")
    if program is None:
        raise DemoError("docker-registry is not installed. Run: apt-get install docker-registry skopeo")
    return Program(
        name="registry",
        argv=[program, "serve", str(config)],
        environment={"PATH": os.environ.get("PATH", "")},
        ready=lambda: listens(place, "registry"),
        patience=15,
    )


def jira(place: Place, settings: Mapping[str, str]) -> Program:
    """The Jira stand-in: REST, webhooks, and a page with a Done button."""
    secrets = {
        "JIRA_SANDBOX_WEBHOOK_SECRET": place.secret_file("jira_webhook").read_text("ascii"),
        "JIRA_SANDBOX_TOKEN": place.secret_file("jira_token").read_text("ascii"),
    }
    hook = ["--webhook-url", f"{place.url('web')}/webhooks/jira/"]
    return _stand_in(place, "jira", hook, {**settings, **secrets})


def harbor(place: Place, settings: Mapping[str, str]) -> Program:
    """The Harbor stand-in: API, robots, webhooks, and a Docker side that images are really pulled from."""
    secret = {"HARBOR_SANDBOX_SECRET": place.secret_file("harbor_admin").read_text("ascii")}
    # With Harbor's own half hour an end could not be seen proven before the visitor has gone.
    return _stand_in(place, "harbor", ["--token-minutes", "1"], {**settings, **secret})


def google(place: Place, settings: Mapping[str, str]) -> Program:
    """The Google stand-in: Artifact Registry, Cloud Identity and IAM, where no change is in effect at once."""
    delays = ["--policy-delay", "2", "--join-delay", "2", "--leave-delay", "3"]
    port = ["--grpc-port", str(place.ports["google_iam"])]
    return _stand_in(place, "google", [*port, *delays], settings)


def kubernetes(place: Place, settings: Mapping[str, str]) -> Program:
    """The Kubernetes stand-in: an API server without nodes."""
    return _stand_in(place, "kubernetes", [], settings)


def opencost(place: Place, settings: Mapping[str, str]) -> Program:
    """The OpenCost stand-in: who holds GPUs in the demo's cluster, hour by hour."""
    return _stand_in(place, "opencost", ["--registry", place.address("registry")], settings)


def prometheus(place: Place, settings: Mapping[str, str]) -> Program:
    """The Prometheus stand-in: how active the demo's GPUs are."""
    return _stand_in(place, "prometheus", ["--registry", place.address("registry")], settings)


def _stand_in(place: Place, name: str, words: list[str], settings: Mapping[str, str]) -> Program:
    where = ["--host", place.host, "--port", str(place.ports[name])]
    state = ["--state", str(place.data / f"{name}.json")]
    return Program(
        name=name,
        argv=[sys.executable, "-m", f"portal.sandbox.{name}", *where, *state, *words],
        environment=settings,
        ready=lambda: listens(place, name),
        patience=30,
    )


def oidc(place: Place, claims: list[dict[str, Any]]) -> Program:
    """The identity provider; each of its users signs in with a click."""
    users = [word for user in claims for word in ("--user-claims", json.dumps(user))]
    options = ["--host", place.host, "--port", str(place.ports["oidc"])]
    return Program(
        name="oidc",
        argv=[sys.executable, "-m", "oidc_provider_mock", *options, *users],
        environment=dict(os.environ),
        ready=lambda: listens(place, "oidc"),
        patience=15,
    )


def listens(place: Place, part: str) -> bool:
    """Whether the part takes connections."""
    try:
        socket.create_connection((place.name, place.ports[part]), timeout=1).close()
    except OSError:
        return False
    return True


def healthy(host: str, port: int) -> bool:
    """Whether /healthz says 200: web, database, broker and worker are well."""
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _celery(*words: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "portal.celery", *words, "--loglevel", "INFO"]
