"""What is wrong with a page as it stands: axe, policy, reflow, faces, language, error summary, focus."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from playwright.sync_api import Page, Response

from portal.tests.journeys.browser import han_faces, overflow, violations
from portal.tests.journeys.pages import PageCase
from portal.tests.journeys.world import World

WIDTHS, THEMES = (320, 768, 1440), ("light", "dark")
LANGUAGES = ("en", "zh-hans")
LANG = {"en": "en", "zh-hans": "zh-Hans"}
ERROR = {"en": "Error:", "zh-hans": "错误："}
HAN = {"Noto Sans CJK SC", "Noto Sans Mono CJK SC"}
STRICT = "default-src 'none'"
LOOSE = ("unsafe-inline", "unsafe-eval", "unsafe-hashes", "nonce-", "*")
PAGE_STATE = """() => ({
  refused: window.__violations, lang: document.documentElement.lang, title: document.title,
  summary: document.querySelector("[data-error-summary]") !== null,
  there: document.activeElement.matches("[data-error-summary]"),
})"""
FOCUS_STATE = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const near = document.elementFromPoint(box.x + Math.min(box.width / 2, 200), box.y + Math.min(box.height / 2, 60));
  const shown = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
  return {body: one === document.body, what: one.outerHTML.slice(0, 120), seen: shown,
    covered: box.width > 0 && near !== null && !one.contains(near) && !near.contains(one) && !near.closest("label")};
}"""


@dataclass(frozen=True)
class Opened:
    """What came of opening a page: its first answer, and whether pressing changed something on the server."""

    answer: Response
    changed: bool


def open_case(page: Page, world: World, case: PageCase) -> Opened:
    """Go to the page and press what is to be pressed; fails when the status is another one."""
    answer = page.goto(case.address(world))
    assert answer is not None, case.name
    if not case.press:
        assert answer.status == case.status, f"{case.name}: {answer.status}"
        return Opened(answer, changed=False)
    statuses = _press(page, case)
    assert case.status == 200 or statuses[-1:] == [case.status], f"{case.name}: {statuses}"
    return Opened(answer, changed=any(one < 400 for one in statuses))


def _press(page: Page, case: PageCase) -> list[int]:
    """Click; the statuses of what was posted by it. A refusal is waited for: a busy server answers late."""
    statuses: list[int] = []

    def hear(got: Response) -> None:
        if got.request.method == "POST":
            statuses.append(got.status)

    page.on("response", hear)
    if case.status == 200:
        page.locator(case.press).click()
    else:
        with page.expect_response(lambda got: got.request.method == "POST"):
            page.locator(case.press).click()
    page.wait_for_load_state()
    page.remove_listener("response", hear)
    return statuses


def looks(page: Page) -> Iterator[str]:
    """Give the page each width and theme in turn; they are the style sheet's alone, so it is not fetched again."""
    for width, theme in itertools.product(WIDTHS, THEMES):
        wear(page, width, theme)
        yield f"{width} {theme}"


def wear(page: Page, width: int = 1440, theme: str = "light") -> None:
    """Set width and theme."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")


def faults(page: Page, language: str) -> list[str]:
    """Everything that is wrong with the page as it is now."""
    found = violations(page)
    state = page.evaluate(PAGE_STATE)
    found += [f"policy: {one}" for one in state["refused"]]
    found += [f"wider than the window: {one}" for one in overflow(page)]
    if state["lang"] != LANG[language]:
        found.append("the page does not say its language")
    if state["summary"] and not state["title"].startswith(ERROR[language]):
        found.append(f"title {state['title']} hides the error")
    if state["summary"] and not state["there"]:
        found.append("the focus is not on the error summary")
    return found + [f"face {face}" for face in han_faces(page) - HAN]


def focus_faults(page: Page) -> list[str]:
    """The controls that Tab reaches and that do not show it, or lie under something."""
    page.evaluate("document.activeElement.blur()")
    hidden, reached = [], 0
    for _turn in range(40):
        page.keyboard.press("Tab")
        state = page.evaluate(FOCUS_STATE)
        if state["body"]:
            break
        reached += 1
        if not state["seen"] or state["covered"]:
            hidden.append(f"focus not seen: {state['what']}")
    return hidden + ([] if reached > 2 else [f"Tab reached {reached} controls"])


def policy_faults(answer: Response) -> list[str]:
    """Whether the answer came with the strict policy."""
    policy = answer.headers.get("content-security-policy", "")
    found = [] if STRICT in policy else [f"policy without {STRICT}: {policy}"]
    found += [f"policy with {word}: {policy}" for word in LOOSE if word in policy]
    framed = answer.headers.get("x-frame-options")
    return found + ([] if framed == "DENY" else [f"x-frame-options {framed}"])


def use(page: Page) -> None:
    """Hover and open whatever opens on the page."""
    for summary in page.locator("summary:visible").all()[:8]:
        summary.hover()
        summary.click()
        page.keyboard.press("Escape")
    for link in page.locator("main a:visible:not([data-key][tabindex='-1'])").all()[:5]:
        link.hover(timeout=5000)
