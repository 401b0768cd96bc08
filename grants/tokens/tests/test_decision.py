"""What a principal gets of what it asks: pure, so every edge is written out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.tokens.decision import LEEWAY, Access, Holder, Right, decide
from grants.tokens.scopes import Scope, TooMuchAskedError, parse_scopes

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
FAR = NOW + timedelta(days=90)
VIEWER = {"pull": Right(FAR, 7)}
DEVELOPER = {"pull": Right(FAR, 7), "push": Right(FAR, 8)}
ADMIN = DEVELOPER | {"delete": Right(FAR, 9)}


def holder(rights: dict[str, dict[str, Right]] | None = None, *, administrator: bool = False) -> Holder:
    return Holder(1, "person:1", "bob", rights or {}, administrator)


def given_for(who: Holder | None, *scopes: str) -> tuple[Access, ...]:
    return decide(who, parse_scopes(scopes), now=NOW).access


@pytest.mark.parametrize(
    ("rights", "asked", "actions"),
    [
        (VIEWER, "pull", ("pull",)),
        (VIEWER, "pull,push", ("pull",)),
        (VIEWER, "push", None),
        (VIEWER, "delete", None),
        (VIEWER, "*", ("pull",)),
        (DEVELOPER, "push,pull", ("pull", "push")),
        (DEVELOPER, "delete", None),
        (ADMIN, "*", ("delete", "pull", "push")),
        (ADMIN, "delete", ("delete",)),
        ({}, "pull", None),
        (VIEWER, "PULL", None),
        (VIEWER, "pull,unheard-of", ("pull",)),
    ],
)
def test_the_allowed_subset_is_given(
    rights: dict[str, Right], asked: str, actions: tuple[str, ...] | None
) -> None:
    expected = (Access("ai/torch", actions, 7 if "pull" in actions else 9),) if actions else ()
    assert given_for(holder({"ai/torch": rights}), f"repository:ai/torch:{asked}") == expected


@pytest.mark.parametrize(
    "scope",
    [
        "repository:ai/torch2:pull",
        "repository:ai:pull",
        "repository:*:pull",
        "repository:ai/*:pull",
        "repository:ai/torch/x:pull",
        "repository: ai/torch:pull",
        "registry:ai/torch:pull",
        "repository:other.host/ai/torch:pull",
        "registry:catalog:*",
        "registry:catalog:pull",
        "repository::pull",
        "::",
        "",
    ],
)
def test_nothing_else_is_given(scope: str) -> None:
    assert given_for(holder({"ai/torch": ADMIN}), scope) == ()


def test_a_class_in_the_type_is_the_repository_itself() -> None:
    assert given_for(holder({"ai/torch": VIEWER}), "repository(plugin):ai/torch:pull") == (
        Access("ai/torch", ("pull",), 7),
    )


def test_several_scopes_in_one_value_and_repeats_are_merged() -> None:
    who = holder({"ai/torch": DEVELOPER, "ai/yolo": VIEWER})
    access = given_for(who, "repository:ai/torch:pull repository:ai/yolo:pull", "repository:ai/torch:push")
    assert access == (Access("ai/torch", ("pull", "push"), 7), Access("ai/yolo", ("pull",), 7))


def test_an_anonymous_client_gets_an_empty_token() -> None:
    assert given_for(None, "repository:ai/torch:pull", "registry:catalog:*") == ()


@pytest.mark.parametrize(("asked", "listed"), [("*", True), ("pull", False), ("*,pull", True)])
def test_only_administrators_list_the_catalogue(asked: str, listed: bool) -> None:
    expected = (Access("catalog", ("*",), None, type="registry"),) if listed else ()
    assert given_for(holder(administrator=True), f"registry:catalog:{asked}") == expected
    assert given_for(holder(), f"registry:catalog:{asked}") == ()


def test_an_administrator_has_no_repository_without_a_grant() -> None:
    assert given_for(holder(administrator=True), "repository:ai/torch:pull") == ()


def test_a_right_that_has_ended_gives_nothing() -> None:
    ended = {"pull": Right(NOW, 7)}
    assert given_for(holder({"ai/torch": ended}), "repository:ai/torch:pull") == ()


@pytest.mark.parametrize(
    ("ends_in", "asked", "until"),
    [
        (timedelta(days=1), "pull", 60),
        (timedelta(seconds=20), "pull", 20),
        (timedelta(days=1), "pull,push", 300),
        (timedelta(seconds=100), "push", 100),
    ],
)
def test_the_registry_stops_accepting_in_time(ends_in: timedelta, asked: str, until: int) -> None:
    right = Right(NOW + ends_in, 7)
    who = holder({"ai/torch": {"pull": right, "push": right}})
    decision = decide(who, [Scope("repository", "ai/torch", frozenset(asked.split(",")))], now=NOW)
    assert decision.until == NOW + timedelta(seconds=until)
    assert decision.expiry == int(NOW.timestamp()) + until - LEEWAY
    assert decision.ends == NOW + ends_in


moments = st.integers(min_value=-100, max_value=100_000).map(lambda s: NOW + timedelta(seconds=s))
rights = st.dictionaries(
    st.sampled_from(["pull", "push", "delete"]), st.builds(Right, moments, st.integers(1, 9))
)
asked = st.lists(st.sampled_from(["a:pull", "a:push", "b:*", "b:delete,pull", "c:pull"]), max_size=6)


@given(st.dictionaries(st.sampled_from(["a", "b"]), rights), asked)
def test_never_more_than_allowed_never_longer_than_the_right(
    allowed: dict[str, dict[str, Right]], scopes: list[str]
) -> None:
    decision = decide(holder(allowed), parse_scopes(f"repository:{s}" for s in scopes), now=NOW)
    for access in decision.access:
        for action in access.actions:
            assert decision.until <= allowed[access.name][action].ends
            assert allowed[access.name][action].ends > NOW
    assert decision.until - NOW <= timedelta(seconds=300 if any(
        set(a.actions) - {"pull"} for a in decision.access) else 60)  # fmt: skip


def test_more_scopes_than_any_client_sends_are_refused() -> None:
    with pytest.raises(TooMuchAskedError):
        parse_scopes(["repository:a:pull"] * 101)
    with pytest.raises(TooMuchAskedError):
        parse_scopes(["repository:" + "a" * 20_000 + ":pull"])


def test_a_name_may_hold_a_port() -> None:
    assert parse_scopes(["repository:host:5000/ai/torch:pull,push"]) == [
        Scope("repository", "host:5000/ai/torch", frozenset({"pull", "push"}))
    ]
