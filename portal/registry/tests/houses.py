"""A running registry and web process, and what clients do to them."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.utils import timezone

from grants.catalogue.models import Registry
from grants.tokens.decision import Access
from grants.tokens.keys import KeyStore
from grants.tokens.probing import signer
from grants.tokens.tests.registry_process import running_registry
from portal.registry.tests.asking import PULL, basic
from portal.registry.tests.serving import free_socket, running_web
from portal.sandbox.images import build_image, push_image

SECRET = "shared with the registry"
ACCEPT = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class House:
    """The running registry and web process, and the people who use them."""

    registry: str
    web: str
    digest: str
    folder: Path
    scene: Any

    @property
    def image(self) -> str:
        return f"docker://{self.registry}/fraud/base:stable"

    def skopeo(self, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "NO_PROXY": "*",
            **variables,
        }
        return subprocess.run(  # noqa: S603
            [shutil.which("skopeo") or pytest.skip("skopeo is not installed"), *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
        )

    def pull(self, login: str, secret: str) -> "subprocess.CompletedProcess[str]":
        target = f"dir:{self.folder}/{time.monotonic_ns()}"
        return self.skopeo(
            "copy", "--src-tls-verify=false", f"--src-creds={login}:{secret}", self.image, target
        )

    def push(self, login: str, secret: str, tag: str) -> "subprocess.CompletedProcess[str]":
        place = self.image.replace(":stable", f":{tag}")
        switches = ("--src-tls-verify=false", "--dest-tls-verify=false")
        creds = (f"--src-creds={login}:{secret}", f"--dest-creds={login}:{secret}")
        return self.skopeo("copy", *switches, *creds, self.image, place)

    def token(self, login: str, secret: str, scope: str = PULL) -> str:
        query = {"service": settings.REGISTRY["service"], "scope": scope}
        url = f"http://{self.web}/registry/token"
        answer = httpx.get(url, params=query, headers=basic(login, secret), trust_env=False, timeout=10)
        return str(answer.json().get("token", ""))

    def manifest(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}", "Accept": ACCEPT}
        url = f"http://{self.registry}/v2/fraud/base/manifests/stable"
        return httpx.get(url, headers=headers, trust_env=False, timeout=10).status_code


@contextmanager
def running_house(scene: Any, keys: KeyStore, folder: Path) -> Iterator[House]:
    """Both, with the image `fraud/base:stable` in the registry."""
    keys.ensure_ca(now=timezone.now())
    sock = free_socket()
    with running_web(sock) as web:
        endpoint = {
            "name": "purser", "url": f"http://{web}/webhooks/registry/main/", "timeout": "2s", "threshold": 3,
            "backoff": "200ms", "headers": {"Authorization": [f"Bearer {SECRET}"]},
        }  # fmt: skip
        realm = f"http://{web}/registry/token"
        with running_registry(
            folder, keys.ca_path, realm=realm, notifications={"endpoints": [endpoint]}
        ) as registry:
            address = {"host": registry, "api_url": f"http://{registry}"}
            Registry.objects.filter(pk=scene.registry.pk).update(**address)
            layers = [{"/model": b"weights"}]
            image = build_image(layers, created=timezone.now(), labels={"team": "fraud"})
            digest = push_image(f"http://{registry}", "fraud/base", ["stable"], image, _push_token)
            yield House(registry, web, digest, folder, scene)


def _push_token(scopes: list[str]) -> str:
    name, actions = scopes[0].removeprefix("repository:").rsplit(":", 1)
    now = int(time.time())
    return signer().sign(
        subject="~purser:test", audience=settings.REGISTRY["service"], jti="push",
        access=[Access(name, tuple(actions.split(",")), None)], expiry=now + 60, now=now,
    )  # fmt: skip


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
