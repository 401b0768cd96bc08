"""What browser journeys stand on: a real web process, people with their own browser, and a keyboard that counts."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import uvicorn
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Error, Page

from grants.directory.models import Person
from portal.accounts.testing import sign_in

Answer = TypeVar("Answer")
AXE = settings.BASE_DIR / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE_RUN = """async (tags) => {
  const options = {runOnly: tags, resultTypes: ["violations"], preload: false, elementRef: true};
  const {violations, passes} = await axe.run(document, options);
  const open = document.querySelector("details.menu[open]");
  const panel = open?.querySelector(":scope > :not(summary)")?.getBoundingClientRect();
  const under = ({element}) => {
    const box = element.getBoundingClientRect();
    return panel && !open.contains(element) && box.left < panel.right && box.right > panel.left &&
      box.top < panel.bottom && box.bottom > panel.top;
  };
  const counted = violations.map(({id, nodes}) => (
    {id, nodes: nodes.filter((node) => id !== "target-size" || !under(node)).map((node) => node.html)}));
  return {violations: counted.filter((one) => one.nodes.length), passes: passes.length};
}"""
"""All rules of the tags; what passed is counted, not described, and style sheets are not fetched a second time.

What lies under an open menu is no target until the menu closes, which it does when the focus or a click leaves it.
"""
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
HAN_PLACES = """selector => {
  const asked = (window.__faces ??= new WeakMap());
  const isNew = (one) => {
    const style = getComputedStyle(one);
    const key = [style.fontFamily, style.fontWeight, style.fontStyle, one.textContent].join();
    if (!/\\p{Script=Han}/u.test(key) || !one.checkVisibility() || asked.get(one) === key) return false;
    return asked.set(one, key);
  };
  return [...document.querySelectorAll(selector)].map((one, place) => (isNew(one) ? place : -1))
    .filter((place) => place >= 0).slice(0, 40);
}"""
"""Where Han characters stand that are drawn otherwise than when last asked; each answer is a question to Chromium."""
FACES = ("h1", "h2", "td", "th", "li a", ".summary dd", ".menu summary")


def aside(work: Callable[[], Answer]) -> Answer:
    """Run in a thread of its own: where Playwright lives, nothing that talks to the live bus may run."""

    def run() -> Answer:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


@contextmanager
def web_process() -> Iterator[str]:
    """Purser's ASGI callable in uvicorn on a free port, with the test's database and its own middleware stack."""
    from portal.asgi import Application  # its import sets Django up

    application = Application()
    application.pages = WSGIMiddleware(WSGIHandler(), workers=4)  # type: ignore[arg-type]
    server = uvicorn.Server(
        uvicorn.Config(application, log_level="warning", lifespan="on", timeout_graceful_shutdown=2)
    )
    kept = connections["default"].settings_dict
    age, kept["CONN_MAX_AGE"] = (
        kept["CONN_MAX_AGE"],
        0,
    )  # no thread may hold the test database after its answer
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            _started(server)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)
            kept["CONN_MAX_AGE"] = age


def _started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the web process did not start")
        time.sleep(0.02)


@dataclass
class Site:
    """The address of a running Purser and the browsers opened on it."""

    url: str
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)

    def visit(self, person: Person | None, *, language: str = "en", **look: Any) -> Page:
        """A browser of its own, signed in as `person`; `look`: width, height, theme, script."""
        context = self.browser.new_context(
            base_url=self.url,
            viewport={"width": look.get("width", 1440), "height": look.get("height", 900)},
            color_scheme=look.get("theme", "light"),
            reduced_motion="reduce",
            java_script_enabled=look.get("script", True),
        )
        self.contexts.append(context)
        context.add_init_script(WATCH)
        if person:
            context.add_cookies([self._session(person)])
        context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": self.url}])
        return context.new_page()

    def _session(self, person: Person) -> Any:
        name = settings.SESSION_COOKIE_NAME
        key = aside(lambda: sign_in(Client(), person).cookies[name].value)
        return {"name": name, "value": key, "url": self.url}

    def close(self) -> None:
        """Close every browser of this site, and so their sockets."""
        for context in self.contexts:
            context.close()
        self.contexts.clear()


class Keyboard:
    """A page driven by keys alone. `pressed` counts keys; typed or pasted text counts apart."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.pressed = 0

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for key in keys:
            self.pressed += 1
            self._page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type or paste text where the focus is."""
        self._page.keyboard.insert_text(text)

    def follow(self, *keys: str) -> None:
        """Press keys of which the last one leads to another page."""
        self._page.evaluate("window.__left = false")
        self.press(*keys)
        deadline = time.monotonic() + 20
        while not self._arrived():
            assert time.monotonic() < deadline, f"{keys} at {self.focus()} led nowhere"
            self._page.wait_for_timeout(20)

    def _arrived(self) -> bool:
        try:
            return bool(
                self._page.evaluate("window.__left === undefined && document.readyState === 'complete'")
            )
        except Error:  # the old page is gone and the new one not yet there
            return False

    def skip_to_main(self) -> None:
        """Use the skip link of a page just loaded; a page that begins at an anchor needs none."""
        self.press("Tab")
        if self._page.evaluate("document.activeElement.matches('.skip')"):
            self.press("Enter")
            until(self._page, "location.hash === '#main'")

    def reach(self, selector: str, *, most: int = 60, key: str = "Tab") -> None:
        """Press Tab until the focus is on `selector`."""
        for _turn in range(most):
            self.press(key)
            if self._page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} was not reached in {most} keys; focus is on {self.focus()}")

    def focus(self) -> str:
        """Say where the focus is: the id, or the start of the element."""
        return str(
            self._page.evaluate("document.activeElement.id || document.activeElement.outerHTML.slice(0, 90)")
        )


@cache
def axe_script() -> str:
    """The text of axe: half a megabyte, so it is given to a page once."""
    return AXE.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is now, one line for each rule."""
    if page.evaluate("window.axe === undefined"):
        page.evaluate(axe_script())
    found = page.evaluate(AXE_RUN, TAGS)
    assert found["passes"] > 10, "axe looked at nothing"
    return [f"{one['id']}: {[node[:160] for node in one['nodes']][:3]}" for one in found["violations"]]


def refused_by_policy(page: Page) -> list[str]:
    """What the Content-Security-Policy refused on this page so far."""
    return list(page.evaluate("window.__violations"))


def overflow(page: Page) -> list[str]:
    """The elements that make the page wider than its window; empty when it reflows."""
    return list(
        page.evaluate(
            """() => document.documentElement.scrollWidth <= window.innerWidth ? [] :
            [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right >
            window.innerWidth + 1).slice(0, 4).map((one) => one.outerHTML.slice(0, 120))"""
        )
    )


def han_faces(page: Page) -> set[str]:
    """The font families that draw the Han characters of headings, cells and rows seen now and not asked about yet."""
    selector = "[lang=zh-Hans], " + ", ".join(FACES)
    if not (places := page.evaluate(HAN_PLACES, selector)):
        return set()
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    found = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": selector})["nodeIds"]
    faces: set[str] = set()
    for place in places:
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": found[place]})["fonts"]
        faces.update(font["familyName"] for font in fonts if "CJK" in font["familyName"])
    session.detach()
    return faces


def until(page: Page, condition: str, *, seconds: float = 5) -> None:
    """Wait until `condition` holds (Playwright's own wait needs eval, which the policy refuses)."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < deadline, f"{condition} did not come true in {seconds} s"
        page.wait_for_timeout(25)
