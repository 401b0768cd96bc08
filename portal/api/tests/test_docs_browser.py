"""The docs page in Chromium: it lists the calls, and the strict policy stops nothing it needs."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.enable_loopback,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's chromium"),
]


def test_the_docs_page_lists_the_calls_without_a_violation(live_server):
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(f"{live_server.url}/api/v1/docs/")
        page.locator("#operations-requests-requests_create").wait_for(timeout=30_000)
        page.locator("#operations-requests-requests_create button").first.click()
        page.get_by_text("anti-fraud-v2").first.wait_for()
        count = page.locator(".opblock").count()
        browser.close()
    assert count > 45
    assert [text for text in said if "Content Security Policy" in text or "Error" in text] == []
