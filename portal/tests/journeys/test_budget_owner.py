"""A budget owner changes the period, reads a chart by its arrows, follows it to a day, and exports, all by keyboard."""

import csv
import io
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from audit.ledger.models import Event
from portal.tests.journeys.browser import Keyboard, Site, aside, refused_by_policy, until
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback
LANGUAGES = pytest.mark.parametrize(
    "language", ["en", pytest.param("zh-hans", marks=pytest.mark.journey)], ids=["English", "Chinese"]
)
MOST_KEYS = 90


def said(page: Page) -> str:
    return str(page.evaluate("document.getElementById('say').textContent"))


@LANGUAGES
def test_a_budget_owner_reads_costs_without_a_mouse(site: Site, world: World, language: str) -> None:
    page = site.visit(world.person("mona"), language=language)
    keys = Keyboard(page)
    page.goto(f"/costs/teams/{world.scene.people.team.key}/")
    _choose_a_period(page, keys)
    table = _read_a_chart(page, keys)
    assert refused_by_policy(page) == []
    page.go_back()
    found = _export(page, keys)
    assert {row["team"] for row in found} >= {"anti-fraud"}
    assert len({row["day"] for row in found if row["kind"] == "usage"}) >= table
    assert aside(partial(_exports, world.person("mona").label)) == 1
    assert keys.pressed <= MOST_KEYS, keys.pressed


def _choose_a_period(page: Page, keys: Keyboard) -> None:
    """From this month to days of one's own: the last twenty."""
    today = timezone.localdate()
    keys.skip_to_main()
    keys.reach("#id_period")
    keys.press("End")
    assert page.locator("#id_period").input_value() == "custom"
    keys.reach("#more-filters", most=12)
    if not page.evaluate("document.activeElement.closest('details').open"):
        keys.press("Enter")
    for name, day in (("from", today - timedelta(days=20)), ("to", today - timedelta(days=1))):
        # How a date is typed follows the browser's language; what is under test is the way there.
        keys.reach(f"#id_{name}", most=30)
        page.locator(f"#id_{name}").fill(day.isoformat())
    keys.follow("Enter")
    assert f"from={today - timedelta(days=20)}" in page.url


def _read_a_chart(page: Page, keys: Keyboard) -> int:
    """The first chart of days: its arrows read row after row; Enter leads to the day. How many rows it has."""
    keys.skip_to_main()
    keys.reach("canvas[role=img]", most=60)
    figure = page.evaluate("document.activeElement.closest('figure').id")
    rows = page.locator(f"#{figure} tbody tr").count()
    keys.press("ArrowRight")
    first = said(page)
    keys.press("End")
    last = said(page)
    assert first
    assert last
    assert first != last
    texts = page.locator(f"#{figure} tbody tr").last.locator("th, td").all_inner_texts()
    assert texts[0].split("\n")[0].strip()[:4] in last
    keys.press("Home")
    assert said(page) == first
    return rows if rows <= 20 else 0


def _export(page: Page, keys: Keyboard) -> list[dict[str, str]]:
    page.goto(page.url)
    keys.skip_to_main()
    keys.reach("#export-showback", most=12)
    with page.expect_download() as download:
        keys.press("Enter")
    data = download.value.path().read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def _exports(person: str) -> int:
    return Event.objects.filter(kind="audit.cost-export.made", actor=person).count()


def test_a_lead_finds_what_a_day_was_made_of(site: Site, world: World) -> None:
    page = site.visit(world.person("alice"))
    keys = Keyboard(page)
    page.goto(f"/costs/day/{world.keys['cost_day'].isoformat()}/")
    until(page, "document.querySelectorAll('table').length > 0")
    keys.skip_to_main()
    keys.reach("main a[href*='/costs/']", most=30)
    assert refused_by_policy(page) == []
