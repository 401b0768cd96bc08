"""Google with Purser dead: memberships end where the licence knows it; bindings stay, and let nobody in."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from grants.connectors.google_layout import GoogleLayout
from grants.connectors.google_names import account_base
from grants.connectors.tests.google_case import CRYPTO_KEY, FRAUD, IMAGES, OPTIONS, Directory, google
from portal.edges.pull_secrets import TOKEN_LASTS
from portal.tests.dead_man.house import DAY

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
READER, DECRYPTER = "roles/artifactregistry.reader", "roles/cloudkms.cryptoKeyDecrypter"


class Google:
    """Google as a person and as the project's service account meet it."""

    def __init__(self, there, house):
        self.there = there
        self.house = house("google", self._wait)
        self._wait((self.house.now - there.now()).total_seconds())
        there.people.known[self.house.bob.label] = ["bob@example.com"]
        self.connector = there.connector()
        self.images = self.house.reach(self.connector, GoogleLayout(there.options), IMAGES)

    def _wait(self, seconds):
        self.there.state.offset += seconds

    def bundle(self):
        """The one group of ours that is a bundle."""
        groups = self.there.state.groups.values()
        [found] = [one["address"] for one in groups if "purser/1" in one["description"]]
        return found

    def counted(self, address="bob@example.com"):
        """Whether Google lets this address in through the group."""
        return self.there.state.counts(address, self.bundle())

    def token(self):
        """An access token of the project's account, as people are shown it while Purser lives."""
        return self.connector.access_token(account_base(self.house.project.key), TOKEN_LASTS)[0]

    def account_lets_in(self):
        """Whether the project's account could pull, whoever holds a token of it."""
        [email] = [one for one in self.there.state.accounts if one.startswith("purser-")]
        return self.there.state.may_pull(email, FRAUD)

    def pulls(self, token):
        path = f"{self.there.endpoints.docker}/v2/{IMAGES[0]}/manifests/latest"
        return httpx.head(path, headers={"Authorization": f"Bearer {token}"}).status_code


@contextmanager
def google_of(house, *, expiry="true", **state):
    with google(replace(OPTIONS, expiry=expiry), Directory({}), **state) as there:
        yield Google(there, house)


@pytest.mark.parametrize("expiry", ["true", "auto"])
def test_google_membership_ends_by_itself_where_the_licence_allows(house, expiry):
    with google_of(house, expiry=expiry) as made:
        grant = made.house.grant(made.images[:1], days=9.5)
        row, text = made.house.page(grant)
        end = row.progress.ends_itself_at
        made.house.kill()
        made.house.until(end - SECOND)
        assert made.counted()
        made.house.until(end)
        assert not made.counted()
        assert grant.ends - SECOND < end <= grant.ends  # Google's ends are whole seconds
        assert "Yes, at the latest" in text
        assert "sometimes hours" in text


def test_google_membership_without_the_licence_never_ends_and_the_page_says_no(house):
    with google_of(house, expiry="auto", licence=False) as made:
        grant = made.house.grant(made.images[:1], days=9.5)
        row, text = made.house.page(grant)
        made.house.kill()
        made.house.until(grant.ends + 400 * DAY)
        assert made.counted()
        assert made.account_lets_in()
        assert (row.progress.ends_itself_at, row.progress.partly_ends_itself_at) == (None, None)
        assert "No: Purser takes it away" in text


def test_google_binding_stays_and_lets_in_nobody_but_purser_itself(house):
    with google_of(house) as made:
        grant = made.house.grant(made.images[:1], days=9.5)
        made.house.kill()
        made.house.until(grant.ends + 400 * DAY)
        assert made.there.bound(FRAUD, READER, made.bundle())
        left = made.there.state.live_members(made.there.state.group_by_address(made.bundle())).values()
        assert [one["address"] for one in left] == [OPTIONS.portal_account]
        assert not made.counted()
        assert not made.account_lets_in()


def test_google_service_account_stays_enabled_and_loses_its_membership(house):
    with google_of(house) as made:
        grant = made.house.grant(made.images[:1], days=9.5)
        made.house.kill()
        [account] = [row for email, row in made.there.state.accounts.items() if email.startswith("purser-")]
        made.house.until(grant.ends - SECOND)
        assert made.account_lets_in()
        made.house.until(grant.ends + SECOND)
        assert (account["disabled"], made.account_lets_in()) == (False, False)


def test_google_access_token_runs_out_within_ten_minutes(house):
    with google_of(house) as made:
        made.house.grant(made.images[:1], days=9.5)
        token = made.token()
        made.house.kill()
        shown = made.house.now
        made.house.until(shown + 10 * MINUTE - SECOND)
        assert made.pulls(token) == 200
        made.house.until(shown + 10 * MINUTE)
        assert made.pulls(token) == 401


def test_google_access_token_opens_nothing_after_the_membership(house):
    with google_of(house) as made:
        grant = made.house.grant(made.images[:1], days=1)
        made.house.until(grant.ends - 5 * MINUTE)
        token = made.token()
        made.house.kill()
        assert made.pulls(token) == 200
        made.house.until(grant.ends + SECOND)
        assert made.pulls(token) == 403


def test_google_kms_binding_stays_and_lets_in_nobody_but_purser_itself(house):
    with google_of(house) as made:
        grant = made.house.grant([made.images[2]], days=9.5)
        made.house.kill()
        assert made.there.bound(CRYPTO_KEY, DECRYPTER, made.bundle())
        assert made.counted()
        made.house.until(grant.ends + SECOND)
        assert made.there.bound(CRYPTO_KEY, DECRYPTER, made.bundle())
        assert not made.counted()
