"""A lead asks for 200 people with the keyboard alone: eight faulty lines are mended in place, and it is sent."""

from functools import partial

import pytest
from playwright.sync_api import Page

from approvals.requests.models import Request
from grants.directory.testing import make_person
from portal.tests.journeys.browser import Keyboard, Site, aside, refused_by_policy
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback
SIZE = 200
MOST_KEYS = 177
"""Keys for the whole request, pasted and typed text apart. It may go down, not up, but for a new place in the
navigation: two steps go through it.
"""


def directory() -> None:
    """Everybody whom the list means, rightly or wrongly."""
    for number in range(SIZE):
        make_person(f"u{number:03}")
    make_person("wang.lei", name="Wang Lei")
    make_person("zhang1", name="张伟", employee_number="20001")
    make_person("zhang2", name="张伟", employee_number="20002")
    make_person("gone", active=False)


def pasted() -> str:
    """200 lines of which lines 10 to 80 hold the faults; lines 60 and 70 mend themselves."""
    lines = [f"u{number:03}@example.com" for number in range(SIZE)]
    lines[9] = "wang.lei@exmaple.com"
    lines[19] = "nobody@else.where"
    lines[29] = "张伟"
    lines[39] = "gone@example.com"
    lines[49] = "u049@@example.com"
    lines[59] = "u059＠example.com"
    lines[69] = "u000@example.com"
    lines[79] = "u079@exmaple.com"
    return "\n".join(lines)


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def choose_project(keys: Keyboard) -> None:
    keys.skip_to_main()
    keys.reach("#save-step")
    keys.follow("Enter")


def choose_image(keys: Keyboard, world: World) -> None:
    keys.skip_to_main()
    keys.reach("#id_q")
    keys.type("fraud/base")
    keys.follow("Enter")
    keys.reach(f"#add-{world.keys['image']}")
    keys.follow("Enter")
    keys.reach("#save-step")
    keys.follow("Enter")


def paste_people(keys: Keyboard) -> None:
    keys.skip_to_main()
    keys.reach("#id_people_text")
    keys.type(pasted())
    keys.reach("#add-people")
    keys.follow("Enter")


def mend(keys: Keyboard) -> None:
    """Look at the faulty lines alone, then mend each in its own way; the page leads from one to the next."""
    keys.reach("a[href*='show=fixing']:not([href*=csv])")
    keys.follow("Enter")
    for control in ("#use-10", "#remove-20"):
        keys.reach(control)
        keys.follow("Enter")
    keys.reach("#value-30")
    keys.press("ArrowDown")
    keys.reach("#choose-30")
    keys.follow("Enter")
    keys.reach("#remove-40")
    keys.follow("Enter")
    keys.reach("#value-50")
    keys.press("Control+a")
    keys.type("u049@example.com")
    keys.follow("Enter")
    keys.reach("#use-80")
    keys.follow("Enter")


def say_why(keys: Keyboard) -> None:
    keys.skip_to_main()
    keys.reach("#id_use_case")
    keys.type("Train the card fraud model on masked transactions. 训练反欺诈模型")
    keys.reach("[name=length]")
    keys.press("Space")
    keys.reach("#save-step")
    keys.follow("Enter")


@pytest.mark.parametrize(
    "language", ["en", pytest.param("zh-hans", marks=pytest.mark.journey)], ids=["English", "Chinese"]
)
def test_a_lead_asks_for_200_people_without_a_mouse(site: Site, world: World, language: str) -> None:
    aside(directory)
    page = site.visit(world.person("alice"), language=language)
    keys = Keyboard(page)
    page.goto("/requests/new/")
    choose_project(keys)
    choose_image(keys, world)
    paste_people(keys)
    assert str(SIZE) in page.locator("#people .tabs").inner_text()
    mend(keys)
    keys.reach("#save-step")
    keys.follow("Enter")
    assert page.url.partition("#")[0].endswith("/edit/purpose/"), page.locator("main").inner_text()[:600]
    say_why(keys)
    keys.skip_to_main()
    keys.reach("#send-request")
    assert "197" in page.locator("#send-request").inner_text()
    keys.follow("Enter")
    assert refused_by_policy(page) == []
    sent = aside(partial(Request.objects.latest, "pk"))
    assert sent.status == "pending"
    assert aside(lambda: sent.members.filter(left_out=False).count()) == SIZE - 3
    assert keys.pressed <= MOST_KEYS, keys.pressed


def test_mistakes_are_told_and_the_focus_leads_to_them(site: Site, world: World) -> None:
    page = site.visit(world.person("alice"))
    keys = Keyboard(page)
    page.goto(f"/requests/{world.keys['empty']}/edit/members/")
    keys.skip_to_main()
    keys.reach("#id_people_text")
    keys.type("nobody@else.where")
    keys.reach("#add-people")
    keys.follow("Enter")
    keys.reach("#save-step")
    keys.follow("Enter")
    assert page.title().startswith("Error:")
    assert page.evaluate("document.activeElement.matches('[data-error-summary]')"), keys.focus()
    keys.press("Tab", "Tab", "Enter")
    assert focused(page) == "line-1"
