"""The inbox by keyboard alone, in the browser: move, open beside the list, reject with Ctrl+Enter."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, sync_playwright

from approvals.requests.models import Request
from approvals.requests.testing import make_request, make_scene
from portal.accounts.testing import sign_in

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
CHROMIUM = "/usr/bin/chromium"


@pytest.fixture
def browser_page() -> Iterator[Page]:
    if not Path(CHROMIUM).exists() or not (settings.BASE_DIR / "static/vendor/htmx.min.js").exists():
        pytest.skip("Chromium or the vendored browser files are missing")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        yield chromium.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
        chromium.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def test_an_approver_opens_and_rejects_without_a_mouse(browser_page, live_server):
    scene = make_scene()
    first, second, third = (make_request(scene) for _turn in range(3))
    cookie = sign_in(Client(), scene.people.mia).cookies[settings.SESSION_COOKIE_NAME]
    page = browser_page
    page.context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie.value, "url": live_server.url}]
    )
    page.goto(f"{live_server.url}/approvals/")
    page.focus(f"#open-{first.pk}")
    page.keyboard.press("j")
    assert focused(page) == f"open-{second.pk}"
    page.keyboard.press("Enter")
    page.wait_for_selector("#detail-title")
    assert page.url.endswith(f"/approvals/{second.pk}/?view=mine")
    assert focused(page) == f"open-{second.pk}"
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("r")
    assert page.url.endswith(f"/approvals/{third.pk}/?view=mine&verdict=deny")
    page.wait_for_selector("#id_reason:focus")
    page.keyboard.type("Use the newer image")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert Request.objects.get(pk=third.pk).status == "denied"
    assert Request.objects.get(pk=first.pk).status == "pending"
    assert "You rejected" in page.inner_text("main")
    assert focused(page) == f"open-{first.pk}"
