"""Every page, looked at by axe and by our own eyes: accessible, reflowing, in its language, within the policy."""

import itertools

import pytest
from playwright.sync_api import Page

from portal.tests.journeys.browser import (
    Site,
    han_faces,
    overflow,
    refused_by_policy,
    until,
    violations,
)
from portal.tests.journeys.pages import ALL, MAIN, PageCase
from portal.tests.journeys.words import english_left
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback
WIDTHS, THEMES = (320, 768, 1440), ("light", "dark")
LOOKS = list(itertools.product(WIDTHS, THEMES, ("en", "zh-hans")))
LANG = {"en": "en", "zh-hans": "zh-Hans"}
ERROR = {"en": "Error:", "zh-hans": "错误："}


def opened(site: Site, world: World, case: PageCase, language: str, **look: object) -> Page:
    person = world.person(case.person) if case.person else None
    page = site.visit(person, language=language, **look)
    answer = page.goto(case.address(world))
    if case.press:
        statuses: list[int] = []
        page.on("response", lambda got: statuses.append(got.status) if got.request.method == "POST" else None)
        page.locator(case.press).click()
        page.wait_for_load_state()
        assert case.status == 200 or statuses[-1:] == [case.status], f"{case.name}: {statuses}"
    else:
        assert (answer.status if answer else 0) == case.status, case.name
    return page


def faults(page: Page, language: str) -> list[str]:
    """Everything that is wrong with the page as it is now."""
    found = violations(page) + [f"policy: {one}" for one in refused_by_policy(page)]
    found += [f"wider than the window: {one}" for one in overflow(page)]
    if page.evaluate("document.documentElement.lang") != LANG[language]:
        found.append("the page does not say its language")
    found += [f"face {face}" for face in han_faces(page) - {"Noto Sans CJK SC", "Noto Sans Mono CJK SC"}]
    return found + _summary_faults(page, language)


def _summary_faults(page: Page, language: str) -> list[str]:
    if not page.locator("[data-error-summary]").count():
        return []
    found = [] if page.title().startswith(ERROR[language]) else [f"title {page.title()} hides the error"]
    on_summary = page.evaluate("document.activeElement.matches('[data-error-summary]')")
    return found + ([] if on_summary else ["the focus is not on the error summary"])


def test_pages_of_the_main_job_are_accessible_each_in_another_look(site, world):
    wrong = []
    for place, case in enumerate(MAIN):
        width, theme, language = LOOKS[place % len(LOOKS)]
        page = opened(site, world, case, language, width=width, theme=theme)
        wrong += [f"{case.name} {width} {theme} {language}: {one}" for one in faults(page, language)]
        site.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.journey
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_page_is_accessible_in_every_look(site, world, case):
    wrong = []
    for language in LANG:
        page = opened(site, world, case, language)
        for width, theme in itertools.product(WIDTHS, THEMES):
            # Width and theme are the style sheet's alone: the page need not be fetched again.
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            wrong += [f"{width} {theme} {language}: {one}" for one in faults(page, language)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.journey
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_a_chinese_page_holds_no_english_words(site, world, case):
    page = opened(site, world, case, "zh-hans")
    assert english_left(page) == []


@pytest.mark.journey
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_each_control_shows_that_it_has_the_focus(site, world, case):
    page = opened(site, world, case, "en")
    page.evaluate("document.activeElement.blur()")
    hidden, reached = [], 0
    for _turn in range(40):
        page.keyboard.press("Tab")
        state = page.evaluate(FOCUS_STATE)
        if state["body"]:
            break
        reached += 1
        if not state["seen"] or state["covered"]:
            hidden.append(state["what"])
    assert hidden == []
    assert reached > 2


FOCUS_STATE = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const near = document.elementFromPoint(box.x + Math.min(box.width / 2, 200), box.y + Math.min(box.height / 2, 60));
  const shown = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
  return {body: one === document.body, what: one.outerHTML.slice(0, 120), seen: shown,
    covered: box.width > 0 && near !== null && !one.contains(near) && !near.contains(one) && !near.closest("label")};
}"""


@pytest.mark.journey
def test_open_dialogs_and_menus_are_accessible(site, world):
    page = site.visit(world.person("root"))
    page.goto("/styleguide/")
    page.locator("#open-sample").click()
    assert faults(page, "en") == []
    page.keyboard.press("Escape")
    page = site.visit(world.person("mia"), width=320)
    page.goto("/approvals/")
    page.locator("[data-keyopen]").first.focus()
    page.keyboard.press("?")
    until(page, "document.getElementById('key-list').open")
    assert faults(page, "en") == []
