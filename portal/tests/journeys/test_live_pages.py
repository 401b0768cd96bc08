"""Pages that follow the world: a decision elsewhere shows, frames say nothing, a lost socket is told and survived."""

import json
from collections.abc import Callable
from functools import partial

import pytest
from playwright.sync_api import Page, WebSocket, WebSocketRoute

from approvals.requests.models import Request
from approvals.requests.testing import decide_as, make_request
from portal.live.topics import bump
from portal.tests.journeys.browser import Site, aside, until
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback
LIVE = "document.getElementById('live-state').dataset.state === 'live'"
ASK = """topic => new Promise((done) => {
  const socket = new WebSocket(`ws://${location.host}/ws/live/`);
  socket.addEventListener("open", () => socket.send(JSON.stringify({topics: {[topic]: 0}})));
  socket.addEventListener("message", (event) => { done(event.data); socket.close(); });
})"""


def listened(page: Page) -> list[str]:
    """The frames that the server sends to this page from now on."""
    frames: list[str] = []

    def hear(opened: WebSocket) -> None:
        opened.on("framereceived", lambda frame: frames.append(str(frame)))

    page.on("websocket", hear)
    return frames


def decide(world: World, name: str = "noor") -> None:
    request = Request.objects.get(pk=world.keys["pending"])
    decide_as(world.person(name), request, "mlops")


def test_a_row_decided_by_somebody_else_says_so_in_place(site: Site, world: World) -> None:
    page = site.visit(world.person("mia"))
    frames = listened(page)
    page.goto("/approvals/")
    until(page, LIVE)
    row = page.locator(f"li:has(#open-{world.keys['pending']})")
    assert "Noor" not in row.locator("strong").all_inner_texts()
    page.mouse.move(1400, 880)
    before = page.locator("[data-keyitem]").count()
    aside(partial(decide, world))
    until(page, "document.querySelector('#inbox-list .taken') !== null", seconds=10)
    assert "Noor" in row.inner_text()
    assert page.locator("[data-keyitem]").count() == before, "no row leaves under the eyes of the reader"
    assert frames
    for frame in frames:
        assert set(json.loads(frame)) <= {"t", "v"}, frame


def test_the_requesters_page_follows_the_decision(site: Site, world: World) -> None:
    page = site.visit(world.person("alice"))
    page.goto(f"/requests/{world.keys['pending']}/")
    until(page, LIVE)
    aside(partial(decide, world))
    until(page, "document.querySelector('#request-state .task-list .state.ok') !== null", seconds=10)


def test_the_count_of_approvals_follows(site: Site, world: World) -> None:
    page = site.visit(world.person("mia"))
    page.goto("/help/")
    until(page, LIVE)
    before = int(page.locator("nav .count").first.inner_text())
    aside(lambda: make_request(world.scene))
    until(page, f"document.querySelector('nav .count').innerText.trim() === '{before + 1}'", seconds=10)


def test_a_list_in_use_offers_the_news_instead_of_moving(site: Site, world: World) -> None:
    page = site.visit(world.person("mia"))
    page.goto("/approvals/")
    until(page, LIVE)
    before = page.locator("[data-keyitem]").count()
    page.locator("[data-keyopen]").first.focus()
    held = page.evaluate("document.activeElement.id")
    aside(lambda: make_request(world.scene))
    until(page, "document.querySelector('#inbox-list .live-more').hidden === false", seconds=10)
    assert page.locator("[data-keyitem]").count() == before
    assert page.evaluate("document.activeElement.id") == held
    page.locator("[data-live-show]").focus()
    page.keyboard.press("Enter")
    until(page, f"document.querySelectorAll('[data-keyitem]').length === {before + 1}")
    until(page, "document.activeElement.matches('#inbox-list [data-keyopen]')")


def test_ticks_survive_three_refreshes(site: Site, world: World) -> None:
    page = site.visit(world.person("alice"))
    page.goto("/catalogue/")
    until(page, LIVE)
    box = page.locator("[name=sel]").first
    box.check()
    page.mouse.move(1400, 880)  # a list under the pointer holds still
    page.locator("#open-search").focus()
    for _turn in range(3):
        version = page.locator("#images").get_attribute("data-live-version")
        aside(partial(bump, "catalogue"))
        until(page, f"document.getElementById('images').dataset.liveVersion !== '{version}'", seconds=10)
        assert box.is_checked()
        assert page.evaluate("document.activeElement.id") == "open-search"


@pytest.mark.parametrize("person", ["charlie", "bob"])
def test_topics_of_others_are_refused(site: Site, world: World, person: str) -> None:
    page = site.visit(world.person(person))
    page.goto("/help/")
    for topic in (f"inbox:{world.person('mia').pk}", f"request:{world.keys['draft']}", "brakes", "nothing:1"):
        assert json.loads(page.evaluate(ASK, topic)) == {"t": topic, "v": -1}


def test_a_lost_socket_is_told_within_6_seconds_and_caught_up(site: Site, world: World) -> None:
    page = site.visit(world.person("mia"))
    routes: list[WebSocketRoute] = []
    broken: list[bool] = []

    def between(route: WebSocketRoute) -> None:
        if broken:
            route.close()
            return
        route.connect_to_server()
        routes.append(route)

    page.context.route_web_socket("**/ws/live/", between)
    page.goto("/approvals/")
    until(page, LIVE)
    broken.append(True)
    routes[-1].close()
    shown = _state(page)
    until(page, shown("polling"), seconds=6.5)
    assert "30" in page.locator("#live-state").inner_text()
    aside(partial(decide, world))
    broken.clear()
    until(page, LIVE, seconds=30)
    until(page, "document.querySelector('#inbox-list .taken') !== null", seconds=10)


@pytest.mark.journey
def test_without_any_socket_the_page_says_how_it_keeps_up(site: Site, world: World) -> None:
    page = site.visit(world.person("mia"), language="zh-hans")
    page.context.route_web_socket("**/ws/live/", lambda route: route.close())
    page.goto("/approvals/")
    until(page, _state(page)("polling"), seconds=6.5)
    assert page.locator("#live-state").inner_text() == "每 30 秒刷新"


def _state(_page: Page) -> Callable[[str], str]:
    return "document.getElementById('live-state').dataset.state === '{}'".format
