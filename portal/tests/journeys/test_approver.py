"""An approver decides with the keyboard alone: j, k, open, approve with Ctrl+Enter; a rejection needs a reason."""

from functools import partial

import pytest
from playwright.sync_api import Page

from approvals.requests.models import Request
from portal.tests.journeys.browser import Keyboard, Site, aside, refused_by_policy, until
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback
LANGUAGES = pytest.mark.parametrize(
    "language", ["en", pytest.param("zh-hans", marks=pytest.mark.journey)], ids=["English", "Chinese"]
)
MOST_KEYS_TO_APPROVE, MOST_KEYS_TO_REJECT = 24, 12


def status(world: World, name: str) -> str:
    return str(aside(partial(Request.objects.get, pk=world.keys[name])).status)


def to_the_list(page: Page, keys: Keyboard) -> None:
    page.goto("/approvals/")
    keys.skip_to_main()
    keys.reach("[data-keyopen]")


def row(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


@LANGUAGES
def test_an_approver_reads_and_approves_without_a_mouse(site: Site, world: World, language: str) -> None:
    page = site.visit(world.person("mia"), language=language)
    keys = Keyboard(page)
    to_the_list(page, keys)
    first = row(page)
    keys.press("j")
    assert row(page) != first
    keys.press("k")
    assert row(page) == first
    while row(page) != f"open-{world.keys['pending']}":
        keys.press("j")
    keys.press("Enter")
    until(page, "document.getElementById('detail-title') !== null")
    assert row(page) == f"open-{world.keys['pending']}", "the focus stays on the row that was opened"
    keys.follow("a")
    assert page.locator("input[value=approve]").is_checked()
    keys.follow("Control+Enter")
    assert page.locator(".banner.ok").count() == 1
    assert aside(partial(_lane, world, "mlops")) == "approved"
    assert refused_by_policy(page) == []
    assert keys.pressed <= MOST_KEYS_TO_APPROVE, keys.pressed


@LANGUAGES
def test_a_rejection_needs_a_reason(site: Site, world: World, language: str) -> None:
    page = site.visit(world.person("mia"), language=language)
    keys = Keyboard(page)
    page.goto(f"/approvals/{world.keys['pending']}/?verdict=deny")
    keys.follow("Control+Enter")
    assert page.evaluate("document.activeElement.matches('[data-error-summary]')"), keys.focus()
    assert page.title().startswith({"en": "Error:", "zh-hans": "错误："}[language])
    assert status(world, "pending") == "pending"
    keys.press("Tab", "Enter")
    assert row(page) == "id_reason"
    keys.type("Use the newer image. 请使用新镜像")
    keys.follow("Control+Enter")
    assert status(world, "pending") == "denied"
    assert keys.pressed <= MOST_KEYS_TO_REJECT, keys.pressed


def test_the_second_of_two_approvers_reads_that_it_is_decided(site: Site, world: World) -> None:
    first, second = (site.visit(world.person(name)) for name in ("mia", "noor"))
    for page in (first, second):
        page.goto(f"/approvals/{world.keys['pending']}/?verdict=approve")
    Keyboard(first).follow("Control+Enter")
    keys = Keyboard(second)
    second.locator("input[value=approve]").focus()
    keys.follow("Control+Enter")
    banner = second.locator(".banner.bad").inner_text()
    assert "陈静" in banner, banner
    assert aside(partial(_lane, world, "mlops")) == "approved"


def test_letters_do_nothing_outside_the_list(site: Site, world: World) -> None:
    page = site.visit(world.person("mia"))
    page.goto("/approvals/")
    page.keyboard.press("a")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement === document.body")
    assert page.url.endswith("/approvals/")


def _lane(world: World, name: str) -> str:
    return str(Request.objects.get(pk=world.keys["pending"]).lanes.get(name=name).status)
