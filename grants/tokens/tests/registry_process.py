"""Debian's docker-registry trusting a CA of ours, for tests: own storage, a port of its own choice."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from grants.connectors.tests.real_registry import _listening

ISSUER, SERVICE = "purser", "purser-registry"


@contextmanager
def running_registry(
    root: Path, ca: Path, *, realm: str = "http://127.0.0.1/registry/token", **sections: Any
) -> Iterator[str]:
    """Its address `host:port`; `sections` are added to its configuration. Skips where it is not installed."""
    binary = shutil.which("docker-registry")
    if binary is None:
        pytest.skip("docker-registry is not installed")
    token = {"realm": realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": str(ca)}
    config = {
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(root / "storage")}, "delete": {"enabled": True}},
        "http": {"addr": "127.0.0.1:0"},
        "auth": {"token": token},
        **sections,
    }
    path = root / "config.yml"
    path.write_text(json.dumps(config))
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [binary, "serve", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        yield _listening(process)
    finally:
        process.kill()
        process.wait(10)
