"""Harbor with Purser dead: robots stop on their day, tokens half an hour later, groups not at all."""

from datetime import timedelta

import httpx
import pytest

from grants.connectors.base import Entry
from grants.connectors.tests.contract import TARGET
from grants.connectors.tests.harbor_world import GROUPS, world
from portal.sandbox.harbor.seeding import IMAGES
from portal.tests.dead_man.house import DAY

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
SECOND, TOKENS = timedelta(seconds=1), timedelta(minutes=30)


class Harbor:
    """Harbor as somebody with a robot's name and secret meets it."""

    def __init__(self, there, house, layout=None):
        self.there = there
        self.house = house("harbor", there.wait)
        there.wait((self.house.now - there.now()).total_seconds())
        self.images = self.house.reach(there.connector, layout or there.layout, IMAGES)

    def secret(self, kind, key):
        """The secret that its owner is shown while Purser lives."""
        shown = self.there.connector.credential(Entry(TARGET, kind, key))
        return shown.username, shown.secret

    def token(self, pair, image=IMAGES[0]):
        answer = httpx.get(
            f"{self.there.address}/service/token",
            params={"service": "harbor-registry", "scope": f"repository:{image}:pull"},
            auth=pair,
        )
        return answer.json()["token"] if answer.status_code == 200 else ""

    def pulls(self, token, image=IMAGES[0]):
        path = f"{self.there.address}/v2/{image}/manifests/latest"
        return httpx.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 200


@pytest.fixture
def harbor(house):
    with world() as there:
        yield Harbor(there, house)


@pytest.mark.parametrize("who", ["person", "project"])
def test_harbor_robot_ends_by_itself_on_its_day(harbor, who):
    house = harbor.house
    grant = house.grant(harbor.images[:1], days=9.5)
    place = ("member", house.bob.label) if who == "person" else ("robot", house.project.key)
    pair = harbor.secret(*place)
    row, text = house.page(grant)
    end = row.progress.ends_itself_at
    house.kill()
    house.until(end - SECOND)
    assert harbor.pulls(harbor.token(pair))
    house.until(end)
    assert harbor.token(pair) == ""
    assert grant.ends <= end < grant.ends + DAY
    assert "Yes, at the latest" in text


def test_harbor_token_works_30_minutes_longer_than_its_robot(harbor):
    house = harbor.house
    grant = house.grant(harbor.images[:1], days=9.5)
    pair = harbor.secret("member", house.bob.label)
    row, text = house.page(grant)
    end = row.progress.ends_itself_at
    house.kill()
    house.until(end - SECOND)
    token = harbor.token(pair)
    house.until(end - SECOND + TOKENS - SECOND)
    assert harbor.pulls(token)
    house.until(end - SECOND + TOKENS)
    assert not harbor.pulls(token)
    assert "up to 30 minutes longer" in text


def test_harbor_robot_keeps_an_earlier_grant_until_the_last_and_the_page_says_so(harbor):
    house = harbor.house
    earlier = house.grant(harbor.images[:1], days=5)
    later = house.grant([harbor.images[3]], days=40)
    pair = harbor.secret("member", house.bob.label)
    ends = [house.page(one)[0].progress.ends_itself_at for one in (earlier, later)]
    house.kill()
    house.until(earlier.ends + 2 * DAY)
    assert harbor.pulls(harbor.token(pair))
    house.until(ends[0])
    assert harbor.token(pair) == ""
    assert ends[0] == ends[1] >= later.ends


def test_harbor_group_member_never_ends_by_itself_and_the_page_says_in_part(house):
    with world(groups=GROUPS) as there:
        harbor = Harbor(there, house)
        grant = harbor.house.grant(harbor.images[:1], days=9.5)
        row, text = harbor.house.page(grant)
        before = there.groups()
        harbor.house.kill()
        harbor.house.until(grant.ends + 400 * DAY)
        assert there.groups() == before == {("ml-library", "ml-anti-fraud-v2-viewer"): 5}
        assert row.progress.ends_itself_at is None
        assert grant.ends <= row.progress.partly_ends_itself_at < grant.ends + DAY
        assert "In part, at the latest" in text
