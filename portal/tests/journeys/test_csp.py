"""The strict policy: sent with every answer, nothing of ours runs into it, no other origin; and how much is sent."""

import gzip

import pytest
from django.conf import settings
from playwright.sync_api import Page, Response

from portal.tests.journeys.browser import Site, refused_by_policy
from portal.tests.journeys.looking import policy_faults, use
from portal.tests.journeys.pages import MAIN, PageCase
from portal.tests.journeys.world import World

pytestmark = pytest.mark.enable_loopback
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


def test_pages_of_the_main_job_keep_to_the_policy(site: Site, world: World) -> None:
    for case in MAIN[::4]:
        answer, page = looked_at(site, world, case)
        assert policy_faults(answer) == [], case.name
        use(page)
        assert refused_by_policy(page) == [], case.name
        site.close()


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
