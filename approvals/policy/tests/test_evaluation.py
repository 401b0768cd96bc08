"""Evaluation: collects all, fails closed, replays; and the recheck at decision time."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policy.checks import RULES, Check
from approvals.policy.evaluation import (
    DECLARED_VERSION,
    RULE_SET_VERSION,
    evaluate,
    recheck,
    rule_set_version,
)
from approvals.policy.facts import Duplicate, Facts, FactsError, Lane, Member, Settings
from approvals.policy.tests.cast import BOB_MEMBER, DAY, MLOPS, NOW, SAM, SECURITY, facts, torch
from approvals.policy.texts import SENTENCES, explain, lane_label, rule_label
from approvals.policy.types import Outcome, Result, Rule, Who


def broken(facts: Facts, now: datetime) -> Iterator[Result]:
    raise LookupError("no row")


def silent(facts: Facts, now: datetime) -> list[Result]:
    return []


@pytest.mark.parametrize(("check", "error"), [(broken, "LookupError"), (silent, "no answer")])
@pytest.mark.parametrize("deferrable", [True, False])
def test_a_check_that_fails_is_told_as_failed_and_the_others_still_answer(
    check: Any, error: str, deferrable: bool
) -> None:
    rules = (Check(Rule.SCAN, check, deferrable), *RULES[:2])

    found = evaluate(facts(), NOW, rules=rules)

    assert found.results[0] == Result("scan", Outcome.COULD_NOT_CHECK, "check_failed", {"error": error})
    assert [result.rule for result in found.results] == ["scan", "duration", "people"]
    assert found.sendable is deferrable


def test_without_rules_nothing_may_be_sent() -> None:
    assert evaluate(facts(), NOW, rules=()).sendable is False


def test_all_problems_are_collected() -> None:
    found = evaluate(facts(members=(), images=(), lanes=(), ends=NOW - DAY), NOW)

    assert [result.code for result in found.of(Outcome.BLOCKED)] == [
        "end_before_start",
        "end_in_past",
        "nobody",
        "no_images",
        "no_lanes",
    ]
    assert found.sendable is False


def test_version_names_rules_and_settings() -> None:
    assert RULE_SET_VERSION.startswith(f"{DECLARED_VERSION}+")
    assert evaluate(facts(), NOW).version == RULE_SET_VERSION
    assert rule_set_version(Settings(max_days=365)) != RULE_SET_VERSION
    assert rule_set_version(Settings(), RULES[1:]) != RULE_SET_VERSION


def test_unreadable_scan_may_be_sent_but_not_approved() -> None:
    given_ = facts(images=(torch(scan="unavailable"),))

    assert evaluate(given_, NOW).sendable is True
    assert recheck(given_, given_, NOW).sendable is False


def test_recheck_passes_when_nothing_changed_even_after_the_start() -> None:
    sent = facts()

    found = recheck(sent, sent, NOW + 10 * DAY)

    assert found.sendable is True
    assert [(result.rule, result.code) for result in found.results] == [
        ("duration", "window_open"),
        ("people", "people_active"),
        ("images", "images_allowed"),
        ("scan", "scans_recent"),
        ("restricted", "nothing_restricted"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"members": (replace(BOB_MEMBER, active=False),)}, "inactive_people"),
        ({"members": ()}, "unknown_people"),
        ({"images": (torch(blocked=True),)}, "image_blocked"),
        ({"images": ()}, "image_missing"),
        ({"images": (torch(scan="critical", critical=1),)}, "critical_findings"),
        ({"images": (torch(restricted=True),)}, "no_security_lane"),
    ],
)
def test_recheck_refuses_what_no_longer_holds(changes: dict[str, Any], code: str) -> None:
    found = recheck(facts(), facts(**changes), NOW)

    assert found.sendable is False
    assert [result.code for result in found.of(Outcome.BLOCKED)] == [code]


def test_recheck_refuses_after_the_end() -> None:
    assert [r.code for r in recheck(facts(), facts(), NOW + 60 * DAY).of(Outcome.BLOCKED)] == ["end_in_past"]
    assert recheck(facts(ends=None), facts(ends=None), NOW + 89 * DAY).sendable is True


def test_recheck_ignores_people_and_images_that_were_not_sent() -> None:
    more = facts(members=(BOB_MEMBER, Member(3, "Charlie", known=True, active=False)))

    assert recheck(facts(), more, NOW).sendable is True


def test_recheck_tells_that_a_tag_has_moved() -> None:
    found = recheck(facts(), facts(images=(torch(digest="sha256:" + "b" * 64),)), NOW)

    assert found.results[-1].code == "tag_moved"
    assert (found.results[-1].result, found.sendable) == (Outcome.WARNING, True)


def test_replay_of_stored_facts_gives_the_same_results() -> None:
    sent = facts(
        images=(torch(restricted=True, scan="high", high=4), torch(image_id=8, scan=None, scanned_at=None)),
        duplicates=(Duplicate("grant", 5, "GRANT-5", 1),),
        lanes=(MLOPS, SECURITY),
    )
    stored = json.loads(json.dumps([sent.to_json(), [r.to_json() for r in evaluate(sent, NOW).results]]))

    replayed = Facts.from_json(stored[0])

    assert replayed == sent
    assert [result.to_json() for result in evaluate(replayed, replayed.now).results] == stored[1]
    assert tuple(Result.from_json(data) for data in stored[1]) == evaluate(sent, NOW).results


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schema": 2}, "unknown_schema"),
        ({"schema": None}, "unknown_schema"),
        ({"extra": 1}, "malformed_facts"),
        ({"members": None}, "malformed_facts"),
        ({"starts": "2026-11-20T09:00:00"}, "malformed_facts"),
    ],
)
def test_stored_facts_of_another_shape_are_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(FactsError) as refused:
        Facts.from_json({**facts().to_json(), **change})

    assert refused.value.code == code


def test_naive_times_are_refused() -> None:
    with pytest.raises(FactsError):
        facts(starts=NOW.replace(tzinfo=None))


names = st.text(max_size=8)
people = st.builds(Member, st.one_of(st.none(), st.integers(1, 9)), names, st.booleans(), st.booleans())
who = st.builds(Who, st.integers(1, 9), names)
moments = st.one_of(st.none(), st.integers(-40, 400).map(lambda days: NOW + days * DAY))
images = st.builds(
    torch,
    image_id=st.integers(1, 5),
    tag=st.sampled_from(["stable", "2.9"]),
    digest=st.sampled_from([None, "sha256:a", "sha256:b"]),
    exists=st.booleans(),
    blocked=st.booleans(),
    restricted=st.booleans(),
    scan=st.sampled_from([None, "passed", "high", "critical", "unsupported", "?"]),
    scanned_at=moments,
    critical=st.integers(0, 2),
    high=st.integers(0, 2),
)
lanes = st.builds(
    Lane, st.sampled_from(["mlops", "security", "budget"]), st.lists(who).map(tuple), st.integers(0, 2)
)
duplicates = st.builds(
    Duplicate, st.sampled_from(["request", "grant"]), st.integers(1, 9), names, st.integers(0, 9)
)
any_facts = st.builds(
    facts,
    members=st.lists(people, max_size=4).map(tuple),
    images=st.lists(images, max_size=4, unique_by=lambda image: image.image_id).map(tuple),
    starts=moments.filter(bool),
    ends=moments,
    lanes=st.lists(lanes, max_size=3, unique_by=lambda lane: lane.name).map(tuple),
    duplicates=st.lists(duplicates, max_size=3, unique_by=lambda other: (other.kind, other.id)).map(tuple),
    settings=st.builds(Settings, block_critical=st.booleans(), max_days=st.integers(1, 365)),
)


@given(any_facts, st.randoms(use_true_random=False))
def test_results_do_not_depend_on_the_order_of_facts(some: Facts, random: Any) -> None:
    shuffled = {
        name: tuple(random.sample(getattr(some, name), len(getattr(some, name))))
        for name in ("members", "images", "lanes", "duplicates")
    }

    assert evaluate(replace(some, **shuffled), NOW) == evaluate(some, NOW)


@given(any_facts, images)
def test_adding_a_blocked_image_never_makes_a_request_sendable(some: Facts, image: Any) -> None:
    more = replace(some, images=(*some.images, replace(image, image_id=99, blocked=True)))

    assert evaluate(more, NOW).sendable is False


@given(any_facts, images)
def test_adding_an_image_never_mends_a_request_that_has_images(some: Facts, image: Any) -> None:
    more = replace(some, images=(*some.images, replace(image, image_id=99)))

    assert evaluate(some, NOW).sendable or not some.images or not evaluate(more, NOW).sendable


@given(any_facts)
def test_facts_survive_json_and_every_result_has_its_words(some: Facts) -> None:
    again = Facts.from_json(json.loads(json.dumps(some.to_json())))

    assert again == some
    for result in (*evaluate(again, NOW).results, *recheck(some, again, NOW).results):
        assert "%(" not in explain(result) or "%(" in json.dumps(
            some.to_json()
        )  # somebody may be called that
        assert rule_label(result.rule) != result.rule


def test_sentences_read_as_people_speak() -> None:
    found = {result.rule: explain(result) for result in evaluate(facts(lanes=(MLOPS, SECURITY)), NOW).results}

    assert found["duration"] == "60 days; the most allowed is 180"
    assert found["people"] == "1 person, known and active"
    assert found["approvers"] == "Security: Sam can decide"
    assert (SAM.name, lane_label("budget")) == ("Sam", "budget")


def test_every_sentence_is_plain() -> None:
    banned = {"please", "sorry", "invalid", "valid", "forbidden", "oops"}

    assert not [code for code, text in SENTENCES.items() if banned & set(str(text % _Any()).lower().split())]


class _Any(dict[str, Any]):
    def __missing__(self, key: str) -> int:
        return 1
