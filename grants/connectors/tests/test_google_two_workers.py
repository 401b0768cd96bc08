"""Two workers at one Google, neither knowing what the other took away: nothing is proven while it still counts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from grants.connectors.base import Change, Entry, Holding, Outcome, Place
from grants.connectors.errors import NotYet
from grants.connectors.google import GoogleConnector
from grants.connectors.google_layout import GoogleLayout
from grants.connectors.google_seen_out import COUNTS_ON, UNBROKEN, SeenOut, of_this_process
from grants.connectors.tests.contract import Case, converge_all, holding
from grants.connectors.tests.google_case import FRAUD, IMAGES, OPTIONS, Google, case_of, google
from portal.sandbox.google.state import GoogleState

pytestmark = pytest.mark.enable_loopback
LAYOUT = GoogleLayout(OPTIONS)
ALICE, ACCOUNT = Place("member", "person:1"), Place("account", "purser-anti-fraud-v2")
IMAGE = Place("image", IMAGES[0])
UNTOLD = replace(OPTIONS, expiry="auto", pull_probe="")


@pytest.fixture
def there() -> Iterator[Google]:
    with google() as running:
        yield running


@pytest.fixture
def case(there: Google) -> Case:
    return case_of(there)


def remove(connector: GoogleConnector, place: Place) -> Outcome:
    return connector.remove(Change("remove", LAYOUT.empty(place)))


def apply(connector: GoogleConnector, place: Place, holdings: Sequence[Holding]) -> Outcome:
    entry = LAYOUT.entry(place, holdings)
    assert isinstance(entry, Entry)
    return connector.apply(Change("apply", entry))


def bundle(case: Case) -> str:
    return LAYOUT.group(holding(case))


def account_of(state: GoogleState) -> str:
    [found] = state.accounts
    return found


@pytest.mark.parametrize("place", [ALICE, ACCOUNT], ids=["member", "account"])
def test_the_second_worker_proves_a_membership_gone_only_when_it_counts_no_more(
    there: Google, case: Case, place: Place
) -> None:
    converge_all(case, [holding(case)])
    address = "alice@example.com" if place is ALICE else account_of(there.state)
    assert not remove(there.connector(), place).proven
    for _ in range(3):
        second = remove(there.connector(), place)
        assert there.state.counts(address, bundle(case))
        assert (second.changed, second.proven) == (False, False)
        there.state.offset += 1100
    there.state.offset += 301
    assert not there.state.counts(address, bundle(case))
    assert remove(there.connector(), place).proven


def test_the_second_worker_says_that_google_still_counts(there: Google, case: Case) -> None:
    converge_all(case, [holding(case)])
    remove(there.connector(), ALICE)
    assert remove(there.connector(), ALICE).detail == "Out of the group; Google still counts the membership."


def test_one_bundle_less_is_proven_by_the_second_worker_only_when_it_counts_no_more(
    there: Google, case: Case
) -> None:
    other = holding(case, grant=2, images=IMAGES[2:])
    converge_all(case, [holding(case), other])
    assert not apply(there.connector(), ALICE, [other]).proven
    assert not apply(there.connector(), ALICE, [other]).proven
    there.state.offset += 3601
    assert apply(there.connector(), ALICE, [other]).proven


def test_the_second_worker_proves_an_image_gone_only_by_a_refused_pull(there: Google, case: Case) -> None:
    converge_all(case, [holding(case)])
    assert not remove(there.connector(), IMAGE).proven
    second = remove(there.connector(), IMAGE)
    assert there.state.may_pull(account_of(there.state), FRAUD)
    assert (second.proven, second.detail) == (False, "Gone from the policy; a pull was not refused yet.")
    there.state.offset += 121
    assert not there.state.may_pull(account_of(there.state), FRAUD)
    third = remove(there.connector(), IMAGE)
    assert (third.proven, third.detail) == (True, "Gone, and refused where it could be tried.")


def test_another_projects_access_is_not_proven_to_have_replaced_one_that_still_pulls(
    there: Google, case: Case
) -> None:
    other = holding(case, grant=2, project="vision", images=IMAGES[:1])
    converge_all(case, [holding(case), other])
    assert not apply(there.connector(), IMAGE, [other]).proven
    assert not apply(there.connector(), IMAGE, [other]).proven
    there.state.offset += 121
    assert apply(there.connector(), IMAGE, [other]).proven


def test_where_google_does_not_tell_a_day_has_to_pass_since_it_was_seen() -> None:
    with google(UNTOLD, licence=False, transitive=False) as there:
        converge_all(case_of(there), [holding(case_of(there))])
        first, second = there.connector(), there.connector()
        with pytest.raises(NotYet) as caught:
            remove(first, ALICE)
        assert caught.value.retry_after == 900.0
        assert "24 hours" in caught.value.message
        for _ in range(8):
            with pytest.raises(NotYet):
                remove(second, ALICE)
            with pytest.raises(NotYet):
                remove(first, ALICE)
            there.state.offset += 3 * 3600
        assert remove(first, ALICE).proven
        assert remove(second, ALICE).proven
        with pytest.raises(NotYet):
            remove(there.connector(), ALICE)


def test_where_google_does_not_tell_a_disabled_account_is_out_at_once() -> None:
    with google(UNTOLD, licence=False, transitive=False) as there:
        converge_all(case_of(there), [holding(case_of(there))])
        assert remove(there.connector(), ACCOUNT).proven


def test_where_google_does_not_tell_one_bundle_less_takes_a_day_too() -> None:
    with google(UNTOLD, licence=False, transitive=False) as there:
        case = case_of(there)
        other, connector = holding(case, grant=2, images=IMAGES[2:]), there.connector()
        converge_all(case, [holding(case), other])
        for _ in range(5):
            assert not apply(connector, ALICE, [other]).proven
            there.state.offset += 5 * 3600
        assert apply(connector, ALICE, [other]).proven


def test_time_that_was_not_watched_does_not_count(there: Google) -> None:
    seen, now = SeenOut(), there.now()
    assert seen.to_wait("person:1", now, all_out=True) == COUNTS_ON
    now += UNBROKEN
    assert seen.to_wait("person:1", now, all_out=True) == COUNTS_ON - UNBROKEN
    now += UNBROKEN + timedelta(seconds=1)
    assert seen.to_wait("person:1", now, all_out=True) == COUNTS_ON


def test_a_group_that_is_wanted_again_is_not_waited_for(there: Google) -> None:
    seen = SeenOut()
    seen.left("person:1", "g@example.com", there.now())
    seen.back("person:1", "g@example.com")
    assert seen.to_wait("person:1", there.now(), all_out=False) == timedelta(0)


def test_connectors_of_one_process_share_what_they_know() -> None:
    assert of_this_process("here") is of_this_process("here")
    assert of_this_process("here") is not of_this_process("there")
