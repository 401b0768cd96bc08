"""Memberships: ends with and without the licence, extensions, addresses that changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from grants.connectors.base import Change, Entry, Holder, Outcome, Place
from grants.connectors.errors import Permanent, Transient
from grants.connectors.google import GoogleConnector
from grants.connectors.google_layout import GoogleLayout, GoogleOptions
from grants.connectors.tests.contract import holding
from grants.connectors.tests.google_case import OPTIONS, PEOPLE, Directory, Google, case_of, google

pytestmark = pytest.mark.enable_loopback
MEMBER = Place("member", "person:1")
AUTO = replace(OPTIONS, expiry="auto")


@contextmanager
def world(options: GoogleOptions = OPTIONS, **state: Any) -> Iterator[tuple[Google, GoogleConnector]]:
    with google(options, **state) as there:
        yield there, there.connector()


def member(there: Google, **fields: Any) -> Entry:
    found = GoogleLayout(there.options).entry(MEMBER, [holding(case_of(there), **fields)])
    assert found is not None
    return found


def apply(connector: GoogleConnector, entry: Entry) -> Outcome:
    return connector.apply(Change("apply", entry))


def test_a_longer_grant_moves_the_end() -> None:
    with world() as (there, connector):
        ends = holding(case_of(there)).ends
        apply(connector, member(there))
        longer = apply(connector, member(there, ends=ends + timedelta(days=30)))
        assert (longer.changed, longer.ends_itself_at) == (True, ends + timedelta(days=30))


@pytest.mark.parametrize("mask", ["expiry_detail.expire_time", "expiryDetail.expire_time"])
def test_either_spelling_of_the_mask_is_found(mask: str) -> None:
    with world(mask=mask) as (there, connector):
        ends = holding(case_of(there)).ends
        apply(connector, member(there))
        assert apply(connector, member(there, ends=ends + timedelta(days=1))).changed
        assert there.ends("alice@example.com", member(there).first("group")) == ends + timedelta(days=1)


def test_without_the_licence_the_end_is_ours_alone_and_asked_for_once() -> None:
    with world(AUTO, licence=False) as (there, connector):
        outcome = apply(connector, member(there))
        assert outcome.ends_itself_at is None
        assert there.is_in("alice@example.com", member(there).first("group"))
        assert connector.memberships_expire is False
        before = len(there.app.schedule.calls)
        apply(connector, member(there, holders=(Holder("person:1", "alice@example.com"),)))
        assert not [c for c in there.app.schedule.calls[before:] if c[0] == "POST"]


def test_with_the_licence_auto_finds_out() -> None:
    with world(AUTO) as (there, connector):
        assert connector.memberships_expire is None
        assert apply(connector, member(there)).ends_itself_at == holding(case_of(there)).ends
        assert connector.memberships_expire is True


def test_an_expiry_that_was_promised_and_is_not_licensed_is_said() -> None:
    with world(licence=False) as (there, connector), pytest.raises(Permanent, match="licence"):
        apply(connector, member(there))


def test_a_membership_set_by_hand_gets_the_grants_end() -> None:
    with world() as (there, connector):
        entry = member(there)
        connector.apply(Change("apply", entry))
        group = there.state.groups[there.state.group_by_address(entry.first("group")) or ""]
        next(iter(group["members"].values()))["ends"] = None
        for one in group["members"].values():
            one["ends"] = None
        assert apply(connector, entry).changed
        assert case_of(there).truth(entry)


def test_a_membership_under_a_former_address_is_taken_away() -> None:
    people = Directory({**PEOPLE.known, "person:1": ["alice@new.example.com", "alice@example.com"]})
    with google(people=people) as there:
        connector, old = there.connector(), member(there)
        apply(connector, old)
        now = member(there, holders=(Holder("person:1", "alice@new.example.com"),))
        assert apply(connector, now).changed
        assert not there.is_in("alice@example.com", old.first("group"))
        assert there.is_in("alice@new.example.com", old.first("group"))


def test_the_last_end_passes_and_google_has_ended_it_without_us() -> None:
    with world() as (there, connector):
        entry = member(there)
        apply(connector, entry)
        there.state.offset += 91 * 86_400
        assert not case_of(there).truth(entry)


def test_an_end_can_be_set_by_itself() -> None:
    with world() as (there, connector):
        at = there.now().replace(microsecond=0) + timedelta(days=3)
        assert connector.expire(member(there), at).ends_itself_at == at
        with pytest.raises(Permanent):
            connector.expire(Entry("target", "group", "x"), at)


def test_somebody_without_an_address_is_not_said_to_be_gone() -> None:
    with google(people=Directory({})) as there, pytest.raises(Permanent, match="No address"):
        there.connector().remove(Change("remove", Entry("target", "member", "person:1")))


def test_a_group_made_anew_behind_our_back_is_not_taken_for_a_refusal() -> None:
    with world() as (there, connector):
        entry = member(there)
        apply(connector, entry)
        there.state.delete_group(there.state.group_by_address(entry.first("group")) or "")
        with pytest.raises(Transient, match="is not there yet"):
            apply(connector, entry)
        apply(connector, entry)
        assert there.truth(entry)
