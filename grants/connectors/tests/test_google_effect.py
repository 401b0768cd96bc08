"""Applied and seen effective are two times; removals; accounts and tokens; what is not ours."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from grants.connectors.base import Change, Entry, Outcome, Place, Scope
from grants.connectors.errors import NotFound, Permanent, Refused
from grants.connectors.google import GoogleConnector
from grants.connectors.google_layout import GoogleLayout
from grants.connectors.tests.contract import TARGET, Case, converge_all, holding, places
from grants.connectors.tests.google_case import FRAUD, IMAGES, OPTIONS, Google, case_of, google

pytestmark = pytest.mark.enable_loopback
LAYOUT = GoogleLayout(OPTIONS)
ACCOUNT = "purser-anti-fraud-v2"


@pytest.fixture
def there() -> Iterator[Google]:
    with google() as running:
        yield running


@pytest.fixture
def case(there: Google) -> Case:
    return case_of(there)


def entry_of(case: Case, kind: str, key: str = "", **fields: Any) -> Entry:
    given = holding(case, **fields)
    place = next(p for p in LAYOUT.places(given) if p.kind == kind and key in ("", p.key))
    found = LAYOUT.entry(place, [given])
    assert found is not None
    return found


def apply(connector: GoogleConnector, entry: Entry) -> Outcome:
    return connector.apply(Change("apply", entry))


def remove(connector: GoogleConnector, entry: Entry) -> Outcome:
    return connector.remove(Change("remove", LAYOUT.empty(Place(entry.kind, entry.key))))


def standing(there: Google, case: Case) -> GoogleConnector:
    """A connector beside a grant that is in force."""
    converge_all(case, [holding(case)])
    return there.connector()


def test_a_binding_is_applied_first_and_seen_effective_later(there: Google, case: Case) -> None:
    connector = there.connector()
    converge_all(case, [holding(case)], at=[p for p in places(case, [holding(case)]) if p.kind != "image"])
    image = entry_of(case, "image")
    written = apply(connector, image)
    assert (written.changed, written.proven) == (True, False)
    too_early = apply(connector, image)
    assert (too_early.changed, too_early.proven) == (False, False)
    there.state.offset += 121
    seen = apply(connector, image)
    assert (seen.changed, seen.proven) == (False, True)
    assert seen.at - written.at >= timedelta(seconds=121)


def test_a_binding_that_is_gone_is_proven_only_by_a_refused_pull(there: Google, case: Case) -> None:
    connector = standing(there, case)
    images = [entry_of(case, "image", key) for key in IMAGES[:2]]
    first = [remove(connector, image) for image in images]
    assert [one.proven for one in first] == [False, False]
    there.state.offset += 121
    assert [remove(connector, image).proven for image in images] == [True, True]


def test_a_group_outlives_its_bindings_until_a_pull_was_refused(there: Google, case: Case) -> None:
    connector, group = standing(there, case), entry_of(case, "group")
    unbound = remove(connector, group)
    assert (unbound.changed, unbound.proven) == (True, False)
    assert case.truth(group)
    there.state.offset += 121
    after_a_restart = there.connector()
    assert remove(after_a_restart, group).proven
    assert not case.truth(group)
    assert [m for b in there.policy_of(FRAUD) for m in b["members"] if "anti-fraud" in m] == []


def test_a_member_counts_later_and_is_counted_longer(there: Google, case: Case) -> None:
    connector, member = there.connector(), entry_of(case, "member")
    assert not apply(connector, member).proven
    there.state.offset += 301
    joined = apply(connector, member)
    assert joined.proven
    assert joined.ends_itself_at == holding(case).ends
    assert connector.probe(member).allowed
    assert not remove(connector, member).proven
    there.state.offset += 3601
    assert remove(connector, member).proven
    assert not connector.probe(member).allowed


def test_a_disabled_account_stops_at_once_though_the_group_still_counts(there: Google, case: Case) -> None:
    connector = standing(there, case)
    image = entry_of(case, "image")
    assert connector.probe(image).allowed
    remove(connector, entry_of(case, "account"))
    assert not connector.probe(image).allowed
    with pytest.raises((Refused, NotFound)):
        connector.access_token(ACCOUNT, timedelta(minutes=5))


def test_a_new_grant_enables_the_account_again(there: Google, case: Case) -> None:
    connector, account = standing(there, case), entry_of(case, "account")
    before = set(there.state.accounts)
    converge_all(case, [], at=[Place("account", ACCOUNT)])
    assert apply(connector, account).changed
    assert set(there.state.accounts) == before


def test_an_account_of_a_project_with_a_like_name_is_not_shared(there: Google, case: Case) -> None:
    connector, account = standing(there, case), entry_of(case, "account")
    facts = tuple(
        (name, "anti-fraud-v2-b" if name == "project" else value) for name, value in account.attributes
    )
    with pytest.raises(Permanent, match="belongs to the project anti-fraud-v2"):
        apply(connector, replace(account, attributes=facts))
    assert apply(connector, account).changed is False


def test_a_token_for_pulling_lives_as_long_as_asked_and_an_hour_at_most(there: Google, case: Case) -> None:
    connector = standing(there, case)
    token, ends = connector.access_token(ACCOUNT, timedelta(minutes=10))
    assert token.startswith("ya29.")
    assert ends == there.now().replace(microsecond=0) + timedelta(minutes=10)
    with pytest.raises(Permanent):
        connector.access_token(ACCOUNT, timedelta(hours=2))
    with pytest.raises(NotFound):
        connector.access_token("purser-nobody", timedelta(minutes=10))


def test_a_deleted_accounts_name_never_comes_back(there: Google, case: Case) -> None:
    connector, account = standing(there, case), entry_of(case, "account")
    [old] = there.state.accounts
    with pytest.raises(Permanent, match="still in use"):
        connector.delete_account(ACCOUNT)
    converge_all(case, [], at=[Place("account", ACCOUNT)])
    there.state.offset += 86_400
    connector.delete_account(ACCOUNT)
    assert there.state.accounts == {}
    converge_all(case, [holding(case)], at=[Place("account", ACCOUNT)])
    [new] = there.state.accounts
    assert old != new
    assert case.truth(account)


def test_an_account_is_not_deleted_on_the_day_of_its_making(there: Google, case: Case) -> None:
    connector = there.connector()
    there.state.delays.account = 0
    apply(connector, entry_of(case, "account"))
    remove(connector, entry_of(case, "account"))
    with pytest.raises(Permanent, match="tomorrow"):
        connector.delete_account(ACCOUNT)


def test_strangers_beside_ours_are_reported_with_their_owner(there: Google, case: Case) -> None:
    connector = standing(there, case)
    group = there.state.group_by_address(entry_of(case, "group").key) or ""
    there.state.groups[group]["members"]["m-eve"] = {
        "address": "eve@example.com", "type": "USER", "roles": ["MEMBER"], "ends": None, "since": 0.0}  # fmt: skip
    found = {(one.kind, one.key): one.first("seen_owner") for one in connector.foreign(Scope(TARGET))}
    reader = "roles/artifactregistry.reader"
    assert found == {
        ("member", f"{entry_of(case, 'group').key}/eve@example.com"): "set outside Purser",
        ("binding", f"fraud {reader} user:eve@example.com"): "set outside Purser",
        ("binding", f"fraud {reader} deleted:user:old@example.com?uid=7"): "somebody deleted",
        ("binding", f"fraud {reader} group:purser-fake@example.com"): "set outside Purser",
        ("binding", f"fraud {reader} domain:partner.com"): "set outside Purser",
        ("group", "purser-fake@example.com"): "a group named like Purser's, without its mark",
    }


def test_a_group_of_that_name_without_our_mark_is_left_alone(there: Google, case: Case) -> None:
    group = entry_of(case, "group")
    there.state.groups["theirs"] = {
        "address": group.key, "description": "ours since 2019", "displayName": "", "members": {}}  # fmt: skip
    connector = there.connector()
    for work in (apply, remove):
        with pytest.raises(Permanent, match="mark"):
            work(connector, group)
    assert there.state.groups["theirs"]["description"] == "ours since 2019"


def test_a_gone_group_is_gone_only_by_a_second_source(there: Google, case: Case) -> None:
    connector, group = there.connector(), entry_of(case, "group")
    there.app.schedule.calls.clear()
    assert remove(connector, group).proven
    assert ("GET", "/v1/groups") in there.app.schedule.calls


def test_an_image_says_what_else_its_repository_holds(there: Google, case: Case) -> None:
    said = there.connector().describe(entry_of(case, "image"))
    assert said == "Whoever may use scorer may use every image of the repository fraud: features."


def test_the_keys_policy_lets_the_bundle_decrypt_until_the_end(there: Google, case: Case) -> None:
    given = holding(case, images=IMAGES)
    entries = converge_all(case, [given])
    [key] = [one for one in entries if one.kind == "key"]
    assert case.truth(key)
    converge_all(case, [], at=[Place("key", key.key)])
    assert not case.truth(key)
