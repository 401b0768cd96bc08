"""Signing in by single sign-on in the browser, by keyboard, past the strict policy; and out again."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_socket
from playwright.sync_api import Page

from portal.accounts.tests.conftest import free_port, use_provider
from portal.tests.journeys.browser import Keyboard, Site, refused_by_policy
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback
MOST_KEYS = 12


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """A real identity provider in its own process; alice is known to it."""
    pytest_socket.enable_socket()
    url = f"http://127.0.0.1:{(port := free_port())}"
    program = Path(sys.executable).with_name("oidc-provider-mock")
    process = subprocess.Popen(  # noqa: S603 - our own tool
        [str(program), "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _introduce(url, "alice")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _introduce(url: str, name: str) -> None:
    claims = {
        "email": f"{name}@example.com",
        "email_verified": True,
        "preferred_username": name,
        "name": "李娜",
    }
    deadline = time.monotonic() + 20
    while True:
        try:
            answer = httpx.put(f"{url}/users/{name}", json=claims, timeout=2)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the provider did not start"
            time.sleep(0.05)
        else:
            assert answer.status_code == 204
            return


def by_single_sign_on(page: Page, keys: Keyboard, name: str) -> None:
    """From Purser's sign-in page to the provider's and back, with keys."""
    keys.reach("form[action*='oidc'] button")
    keys.follow("Enter")
    assert page.locator("input[name=sub]").count() == 1, page.url
    page.locator(
        "input[name=sub]"
    ).focus()  # the provider's own page gives it the focus where scripts may load
    keys.type(name)
    keys.follow("Enter")


@pytest.fixture
def trusting(settings: Any, provider: str) -> None:
    use_provider(settings, provider)
    directives = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    allowed = directives | {"form-action": ["'self'", provider]}
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": allowed}


@pytest.mark.usefixtures("trusting")
def test_a_deep_link_survives_single_sign_on_by_keyboard(site: Site, world: World) -> None:
    page = site.visit(None)
    page.context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
    keys = Keyboard(page)
    page.goto(f"/requests/{world.keys['pending']}/?tab=policy")
    assert page.title().startswith("Sign in")
    assert refused_by_policy(page) == []
    by_single_sign_on(page, keys, "alice")
    assert page.url == f"{site.url}/requests/{world.keys['pending']}/?tab=policy"
    assert refused_by_policy(page) == []
    assert keys.pressed <= MOST_KEYS, keys.pressed


@pytest.mark.usefixtures("trusting")
def test_signing_out_by_keyboard_closes_every_page(site: Site, world: World) -> None:
    page = site.visit(world.person("alice"))
    keys = Keyboard(page)
    page.goto("/")
    keys.reach("#open-account")
    keys.press("Enter")
    keys.reach("[action*='logout'] button, a[href*='logout']")
    keys.follow("Enter")
    if page.locator("main form[action*='logout'] button, main form button").count():
        keys.reach("main form button")
        keys.follow("Enter")
    page.goto("/requests/")
    assert page.title().startswith("Sign in")
