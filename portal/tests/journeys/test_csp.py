"""The strict policy on every page: sent with every answer, and nothing of ours runs into it; and how much is sent."""

import gzip

import pytest
from django.conf import settings
from playwright.sync_api import Page, Response

from portal.tests.journeys.browser import Site, refused_by_policy
from portal.tests.journeys.pages import ALL, MAIN, PageCase
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback
STRICT = "default-src 'none'"
LOOSE = ("unsafe-inline", "unsafe-eval", "unsafe-hashes", "nonce-", "*")
COLD, WARM, NODES, REQUESTS = 0, 1, 2, 3
LIMITS = {
    "purpose step": ("/requests/{draft}/edit/purpose/", "alice", (170, 12, 800, 12)),
    "inbox": ("/approvals/", "mia", (180, 15, 2500, 12)),
}
"""Kilobytes as gzip, cold and with the assets cached; DOM nodes; requests."""


def looked_at(site: Site, world: World, case: PageCase) -> tuple[Response, Page]:
    page = site.visit(world.person(case.person) if case.person else None)
    answer = page.goto(case.address(world))
    assert answer is not None
    return answer, page


def assert_strict(answer: Response, case: PageCase) -> None:
    policy = answer.headers["content-security-policy"]
    assert STRICT in policy, case.name
    assert not [word for word in LOOSE if word in policy], policy
    assert answer.headers["x-frame-options"] == "DENY"


def _used(page: Page) -> None:
    """Hover and open whatever opens on the page."""
    for summary in page.locator("summary:visible").all()[:8]:
        summary.hover()
        summary.click()
        page.keyboard.press("Escape")
    for link in page.locator("main a:visible").all()[:5]:
        link.hover()


def test_pages_of_the_main_job_keep_to_the_policy(site: Site, world: World) -> None:
    for case in MAIN[::4]:
        answer, page = looked_at(site, world, case)
        assert_strict(answer, case)
        _used(page)
        assert refused_by_policy(page) == [], case.name
        site.close()


@pytest.mark.journey
@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_page_keeps_to_the_policy(site: Site, world: World, case: PageCase) -> None:
    errors: list[str] = []
    answer, page = looked_at(site, world, case)
    page.on("pageerror", lambda error: errors.append(str(error)))
    assert_strict(answer, case)
    _used(page)
    assert refused_by_policy(page) == []
    assert errors == []


@pytest.mark.parametrize("name", LIMITS)
def test_pages_stay_light(site: Site, world: World, name: str) -> None:
    path, person, limits = LIMITS[name]
    page = site.visit(world.person(person))
    seen: dict[str, int] = {}
    page.on("response", lambda got: seen.update({got.url: _packed(got)}))
    page.goto(path.format(**world.keys))
    page.wait_for_load_state("networkidle")
    document = seen[page.url]
    assert document <= limits[WARM] * 1024, document
    assert sum(seen.values()) <= limits[COLD] * 1024, seen
    assert page.evaluate("document.getElementsByTagName('*').length") <= limits[NODES]
    assert len(seen) <= limits[REQUESTS], sorted(seen)


def _packed(answer: Response) -> int:
    """The size of an answer as a compressing server sends it."""
    return len(gzip.compress(answer.body(), 6)) if answer.ok else 0


def test_the_answers_name_no_other_origin(site: Site, world: World) -> None:
    answer, _page = looked_at(site, world, MAIN[0])
    providers = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]["form-action"]
    policy = answer.headers["content-security-policy"]
    assert [word for word in policy.split() if "://" in word] == [one for one in providers if "://" in one]
