"""The pages of the main job, dialogs and menus: accessible, reflowing, in their language, within the policy."""

import itertools

import pytest

from portal.tests.journeys.browser import overflow, refused_by_policy, until, violations
from portal.tests.journeys.looking import LANGUAGES, THEMES, WIDTHS, faults, open_case
from portal.tests.journeys.pages import MAIN

pytestmark = pytest.mark.enable_loopback
LOOKS = list(itertools.product(WIDTHS, THEMES, LANGUAGES))


def test_pages_of_the_main_job_are_accessible_each_in_another_look(site, world):
    wrong = []
    for place, case in enumerate(MAIN):
        width, theme, language = LOOKS[place % len(LOOKS)]
        person = world.person(case.person) if case.person else None
        page = site.visit(person, language=language, width=width, theme=theme)
        open_case(page, world, case)
        wrong += [f"{case.name} {width} {theme} {language}: {one}" for one in faults(page, language)]
        site.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.journey
def test_open_dialogs_and_menus_are_accessible(site, world):
    page = site.visit(world.person("root"))
    page.goto("/styleguide/")
    page.locator("#open-sample").click()
    # The focus is in the dialog, not on the sample of an error summary under it.
    assert violations(page) + overflow(page) + refused_by_policy(page) == []
    page.keyboard.press("Escape")
    page = site.visit(world.person("mia"), width=320)
    page.goto("/approvals/")
    page.locator("[data-keyopen]").first.focus()
    page.keyboard.press("?")
    until(page, "document.getElementById('key-list').open")
    assert faults(page, "en") == []


SMALL = """<!doctype html><html lang="en"><head><title>Targets</title>
<style>a {{ display: block; font-size: 9px; line-height: 10px }} div {{ position: absolute; top: {top}px; left: 0;
width: 400px; height: 120px; background: #fff }}</style></head><body><main><h1>Targets</h1><nav aria-label="Places">
<ul><li><a href="/one">One place</a></li><li><a href="/two">Two places</a></li></ul></nav>
<details class="menu" open><summary>Menu</summary><div><button type="button">In it</button></div></details>
</main></body></html>"""


@pytest.mark.parametrize(("top", "found"), [(300, ["target-size"]), (60, [])], ids=["beside", "on it"])
def test_a_small_target_counts_unless_an_open_menu_lies_on_it(chromium, top, found):
    page = chromium.new_page()
    page.set_content(SMALL.format(top=top))
    named = [one.split(":")[0] for one in violations(page)]
    page.close()
    assert [one for one in named if one == "target-size"] == found
