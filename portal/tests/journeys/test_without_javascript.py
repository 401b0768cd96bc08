"""The main job without JavaScript: the request is made and sent, both groups approve, the member sees how to pull."""

from functools import partial

import pytest
from playwright.sync_api import Page

from approvals.requests.models import Request
from portal.tests.journeys.browser import Site, aside
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback


def ask(page: Page, world: World) -> int:
    """Go through the wizard by its forms; answers the request's number."""
    page.goto("/requests/new/")
    page.locator("#save-step").click()
    page.locator("#id_q").fill("fraud")
    page.locator("#search-images").click()
    page.locator(f"#add-{world.keys['restricted']}").click()
    page.locator("#save-step").click()
    page.locator("#id_people_text").fill("bob; nobody@else.where")
    page.locator("#add-people").click()
    page.locator("#save-step").click()
    assert page.title().startswith("Error: Members")
    page.locator("#remove-2").click()
    page.locator("#save-step").click()
    page.locator("#id_use_case").fill("Train the card fraud model")
    page.locator("[name=length]").first.check()
    page.locator("#save-step").click()
    page.locator("#send-request").click()
    return int(page.url.split("/requests/")[1].split("/")[0])


def approve(page: Page, number: int) -> None:
    page.goto("/approvals/")
    page.locator(f"#open-{number}").click()
    page.locator("input[value=approve]").check()
    page.locator("#send-decision").click()
    assert page.locator(".banner.ok").count() == 1


def test_request_and_approvals_need_no_javascript(site: Site, world: World) -> None:
    lead = site.visit(world.person("alice"), script=False)
    number = ask(lead, world)
    for name in ("mia", "sam"):
        approve(site.visit(world.person(name), script=False), number)
    assert aside(partial(Request.objects.get, pk=number)).status == "approved"
    lead.goto(f"/requests/{number}/")
    assert lead.locator("a[href^='/grants/']").count() > 0
    member = site.visit(world.person("bob"), script=False, width=320)
    member.goto(f"/grants/{world.keys['grant']}/")
    assert "docker pull main.registry.test/fraud/base" in member.locator("main").inner_text()


def test_menus_and_language_need_no_javascript(site: Site, world: World) -> None:
    page = site.visit(world.person("alice"), script=False)
    page.goto("/catalogue/")
    page.locator("#open-language").click()
    page.locator("button[value=zh-hans]").first.click()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.url.endswith("/catalogue/")
