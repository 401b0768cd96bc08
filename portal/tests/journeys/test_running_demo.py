"""Lead and approvers at the running demo by keyboard: signed in by its provider, asked, approved, ready to pull."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from portal.tests.journeys.browser import Keyboard, refused_by_policy, until
from portal.tests.journeys.test_sign_in import by_single_sign_on

pytestmark = [pytest.mark.enable_loopback, pytest.mark.journey]
DATA = Path(os.environ.get("PURSER_JOURNEY_DATA") or settings.BASE_DIR / ".data")
IMAGE, SIZE, MOST_KEYS = "llm-finetune", 8, 145


@pytest.fixture
def demo() -> dict[str, Any]:
    """What `demo.json` says of a demo that answers."""
    path = DATA / "demo.json"
    if not path.exists():
        pytest.skip(f"no demo runs: {path} is missing")
    facts: dict[str, Any] = json.loads(path.read_text("utf-8"))
    try:
        httpx.get(f"{facts['base_url']}/healthz", timeout=5)
    except httpx.TransportError:
        pytest.skip("the demo does not answer")
    return facts


@pytest.fixture
def people_at(demo: dict[str, Any], chromium: Browser) -> Iterator[Any]:
    """Return a function that signs a role's person in by keyboard, in a browser of their own."""
    contexts = []

    def enter(role: str, path: str) -> tuple[Page, Keyboard]:
        context = chromium.new_context(base_url=demo["base_url"], viewport={"width": 1440, "height": 900})
        context.route(lambda url: "127.0.0.1" not in url, lambda route: route.abort())
        context.add_init_script("window.__violations = []; document.addEventListener('securitypolicyviolation',"
                                " (event) => window.__violations.push(event.violatedDirective));")  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        keys = Keyboard(page)
        page.goto(path)
        by_single_sign_on(page, keys, demo["people"][role]["email"].partition("@")[0])
        return page, keys

    yield enter
    for context in contexts:
        context.close()


def names(demo: dict[str, Any]) -> list[str]:
    """Addresses of people who are neither approvers nor the lead."""
    headers = {"Authorization": f"Bearer {demo['people']['admin']['token']}"}
    query = {"limit": 40, "active": "true"}
    answer = httpx.get(f"{demo['base_url']}/api/v1/people/", headers=headers, params=query, timeout=30).json()
    busy = {demo["people"][role]["email"] for role in ("lead", "mlops", "security")}
    found = [one["email"] for one in answer["results"] if one.get("email") and one["email"] not in busy]
    return found[:SIZE]


def ask(keys: Keyboard, members: list[str]) -> None:
    keys.skip_to_main()
    keys.reach("[name=project]")
    keys.press("Space")
    keys.reach("#save-step")
    keys.follow("Enter")
    keys.skip_to_main()
    keys.reach("#id_q")
    keys.type(IMAGE)
    keys.follow("Enter")
    keys.reach("[id^=add-][name=add]")
    keys.follow("Enter")
    keys.reach("#save-step")
    keys.follow("Enter")
    keys.reach("#id_people_text")
    keys.type("；".join(members))
    keys.reach("#add-people")
    keys.follow("Enter")
    keys.reach("#save-step")
    keys.follow("Enter")
    keys.reach("#id_use_case")
    keys.type("Fine-tune on masked transactions. 在脱敏数据上微调")
    keys.reach("[name=length]")
    keys.press("Space")
    keys.reach("#save-step")
    keys.follow("Enter")
    keys.reach("#send-request")
    keys.follow("Enter")


def test_the_main_job_by_keyboard_at_the_demo(demo: dict[str, Any], people_at: Any) -> None:
    lead, keys = people_at("lead", "/requests/new/")
    ask(keys, names(demo))
    number = lead.url.split("/requests/")[1].split("/")[0]
    assert keys.pressed <= MOST_KEYS, keys.pressed
    for role in ("mlops", "security"):
        approver, theirs = people_at(role, f"/approvals/{number}/?verdict=approve")
        theirs.follow("Control+Enter")
        assert approver.locator(".banner.ok").count() == 1
        assert refused_by_policy(approver) == []
    until(lead, "document.querySelector('#request-state a[href^=\"/grants/\"]') !== null", seconds=15)
    assert refused_by_policy(lead) == []
