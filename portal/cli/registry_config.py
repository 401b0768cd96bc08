"""The configuration of the demo's Distribution registry: tokens from Purser, pulls told to Purser."""

import json
import os
from pathlib import Path
from typing import Any

from portal.cli.places import Place

TARGET = "main"
"""The registry's key in Purser (REGISTRY_KEY)."""


def write_registry_config(place: Place) -> Path:
    """Write `registry/config.yml` in the demo's data, mode 0600 because it holds secrets; return its path."""
    folder = place.data / "registry"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "config.yml"
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(registry_config(place), file, indent=2)  # JSON is YAML
    return path


def registry_config(place: Place) -> dict[str, Any]:
    """The configuration as the registry's documentation names it (Distribution 2.8, configuration reference)."""
    folder = place.data / "registry"
    return {
        "version": "0.1",
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "storage")},
            "delete": {"enabled": True},
            "cache": {"blobdescriptor": "inmemory"},
        },
        "http": {
            "addr": f"{place.host}:{place.ports['registry']}",
            "host": place.url("registry"),
            "secret": place.secret_file("registry_http").read_text("ascii"),
        },
        "auth": {
            "token": {
                "realm": f"{place.url('web')}/registry/token",
                "service": "purser-registry",
                "issuer": "purser",
                "rootcertbundle": str(folder / "ca.pem"),
            }
        },
        "notifications": {"endpoints": [_endpoint(place)]},
    }


def _endpoint(place: Place) -> dict[str, Any]:
    secret = place.secret_file("registry_notifications").read_text("ascii")
    return {
        "name": "purser",
        "url": f"{place.url('web')}/webhooks/registry/{TARGET}/",
        "headers": {"Authorization": [f"Bearer {secret}"]},
        "timeout": "3s",
        "threshold": 3,
        "backoff": "1s",
    }
