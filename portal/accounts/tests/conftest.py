"""A real identity provider in its own process, and a browser made of httpx."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_socket
from pytest_django.live_server_helper import LiveServer


@dataclass
class Provider:
    """The running provider; `tell` sets what it says about a subject from the next sign-in on."""

    url: str

    def tell(self, sub: str, **claims: Any) -> None:
        said = {"email": f"{sub}@example.com", "email_verified": True, "preferred_username": sub}
        answer = httpx.put(f"{self.url}/users/{sub}", json=said | {"name": sub.capitalize()} | claims)
        assert answer.status_code == 204


@dataclass
class Browser:
    """Signs in as people do: sign-in page, provider's page, and back."""

    base: str
    client: httpx.Client

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.client.get(self.base + path, **kwargs)

    def post(self, path: str) -> httpx.Response:
        token = self.client.cookies.get("csrf") or ""
        return self.client.post(self.base + path, data={"csrfmiddlewaretoken": token})

    def sign_in(self, sub: str, *, query: str = "") -> httpx.Response:
        self.get("/accounts/login/")
        away = self.post(f"/accounts/oidc/sso/login/{query}")
        if away.status_code != 302:
            return away
        back = self.client.post(away.headers["location"], data={"sub": sub})
        return self.client.get(back.headers["location"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def provider_process() -> Iterator[str]:
    pytest_socket.enable_socket()
    port = free_port()
    command = [str(Path(sys.executable).with_name("oidc-provider-mock")), "-p", str(port)]
    process = subprocess.Popen(  # noqa: S603 - our own tool
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ)
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{url}/.well-known/openid-configuration", process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        assert process.poll() is None, "the provider stopped"
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("the provider did not start in 20 seconds")


def use_provider(settings: Any, url: str) -> None:
    """Point the sign-in at a provider."""
    app = {
        "provider_id": "sso",
        "name": "Company SSO",
        "client_id": "purser",
        "secret": "x",
        "settings": {"server_url": url},
    }
    settings.OIDC = {"name": "Company SSO", "issuer": url, "groups_claim": "groups"}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


@pytest.fixture
def provider(provider_process: str, settings: Any) -> Provider:
    use_provider(settings, provider_process)
    return Provider(provider_process)


@pytest.fixture
def browser(live_server: LiveServer) -> Iterator[Browser]:
    with httpx.Client(timeout=30) as client:
        yield Browser(live_server.url, client)
