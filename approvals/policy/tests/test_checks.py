"""Each check, on its own, with the exact answer."""

from dataclasses import replace

import pytest

from approvals.policy.checks import RULES, eligible, excluded
from approvals.policy.evaluation import evaluate
from approvals.policy.facts import Duplicate, Facts, Lane, Member, Settings
from approvals.policy.tests.cast import (
    ALICE,
    BOB,
    BOB_MEMBER,
    DAY,
    MIA,
    MLOPS,
    NOW,
    SAM,
    SECURITY,
    facts,
    torch,
)
from approvals.policy.types import Who


def answers(given: Facts, rule: str) -> list[tuple[str, str]]:
    found = evaluate(given, NOW).results
    return [(result.result.value, result.code) for result in found if result.rule == rule]


def test_a_plain_request_passes_every_rule() -> None:
    found = evaluate(facts(), NOW)

    assert [(result.rule, result.result.value, result.code) for result in found.results] == [
        ("duration", "passed", "duration_allowed"),
        ("people", "passed", "people_active"),
        ("images", "passed", "images_allowed"),
        ("scan", "passed", "scans_recent"),
        ("restricted", "passed", "nothing_restricted"),
        ("duplicate", "passed", "no_duplicate"),
        ("approvers", "passed", "approvers_found"),
        ("separation", "passed", "nobody_excluded"),
    ]
    assert found.sendable is True


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (NOW, NOW + 180 * DAY, [("passed", "duration_allowed")]),
        (NOW, NOW + 181 * DAY, [("blocked", "too_long")]),
        (NOW, None, [("passed", "duration_default")]),
        (NOW, NOW, [("blocked", "end_before_start"), ("blocked", "end_in_past")]),
        (NOW - DAY, NOW + DAY, [("passed", "duration_allowed")]),
        (NOW - 2 * DAY, NOW + DAY, [("blocked", "start_in_past")]),
        (
            NOW - 300 * DAY,
            NOW - 1 * DAY,
            [("blocked", "end_in_past"), ("blocked", "too_long"), ("blocked", "start_in_past")],
        ),
        (NOW + 30 * DAY, NOW + 31 * DAY, [("passed", "duration_allowed")]),
    ],
)
def test_duration(starts: object, ends: object, expected: object) -> None:
    assert answers(facts(starts=starts, ends=ends), "duration") == expected


def test_duration_counts_started_days_and_names_the_limit() -> None:
    result = evaluate(facts(ends=NOW + 180.1 * DAY), NOW).results[0]

    assert dict(result.params) == {"count": 181, "max_days": 180, "default_days": 90}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ((), [("blocked", "nobody")]),
        ((BOB_MEMBER,) * 501, [("blocked", "too_many_people")]),
        ((BOB_MEMBER,) * 500, [("passed", "people_active")]),
        ((BOB_MEMBER, Member(None, "x@y", known=False, active=False)), [("blocked", "unknown_people")]),
        ((Member(None, "x@y", known=True, active=True),), [("blocked", "unknown_people")]),
        ((replace(BOB_MEMBER, active=False),), [("blocked", "inactive_people")]),
    ],
)
def test_people(members: object, expected: object) -> None:
    assert answers(facts(members=members), "people") == expected


def test_people_names_the_first_five_and_links_all() -> None:
    gone = tuple(Member(number, f"P{number}", known=True, active=False) for number in range(10, 17))

    result = next(r for r in evaluate(facts(members=gone), NOW).results if r.rule == "people")

    assert dict(result.params) == {
        "count": 7,
        "names": "P10, P11, P12, P13, P14, …",
        "person_ids": [10, 11, 12, 13, 14, 15, 16],
    }


def test_images_each_fault_has_its_own_row() -> None:
    images = (
        torch(),
        torch(image_id=8, tag="old", digest=None),
        torch(image_id=9, exists=False, blocked=True),
    )

    assert answers(facts(images=images), "images") == [
        ("blocked", "image_missing"),
        ("blocked", "image_missing"),
        ("blocked", "image_blocked"),
    ]
    assert answers(facts(images=()), "images") == [("blocked", "no_images")]


@pytest.mark.parametrize(
    ("scan", "expected"),
    [
        ({"scan": None, "scanned_at": None}, [("needs_person", "no_scan")]),
        ({"scanned_at": NOW - 14 * DAY}, [("passed", "scans_recent")]),
        ({"scanned_at": NOW - 15 * DAY}, [("needs_person", "scan_stale")]),
        ({"scan": "high", "high": 3}, [("warning", "high_findings")]),
        ({"scan": "critical", "critical": 2}, [("blocked", "critical_findings")]),
        ({"scan": "passed", "critical": 1}, [("blocked", "critical_findings")]),
        ({"scan": "critical", "scanned_at": NOW - 99 * DAY}, [("blocked", "critical_findings")]),
        ({"scan": "unsupported"}, [("needs_person", "scan_unsupported")]),
        ({"scan": "??"}, [("could_not_check", "scan_unreadable")]),
    ],
)
def test_scan(scan: dict[str, object], expected: object) -> None:
    assert answers(facts(images=(torch(**scan),)), "scan") == expected


def test_scan_critical_needs_an_approver_where_the_setting_says_so() -> None:
    given = facts(images=(torch(scan="critical", critical=2),), settings=Settings(block_critical=False))

    result = next(r for r in evaluate(given, NOW).results if r.rule == "scan")

    assert (result.result.value, result.code, result.who) == ("needs_person", "critical_findings", (MIA,))


def test_restricted_image_needs_security() -> None:
    given = facts(images=(torch(restricted=True),), lanes=(MLOPS, SECURITY))

    result = next(r for r in evaluate(given, NOW).results if r.rule == "restricted")

    assert (result.result.value, result.code, result.who) == ("needs_person", "restricted_image", (SAM,))


def test_restricted_image_without_the_security_lane_is_blocked() -> None:
    given = facts(images=(torch(restricted=True),))

    assert answers(given, "restricted") == [("blocked", "no_security_lane")]
    assert evaluate(given, NOW).sendable is False


def test_duplicates_are_told_and_do_not_stop() -> None:
    given = facts(duplicates=(Duplicate("request", 12, "REQ-12", 3), Duplicate("grant", 5, "GRANT-5", 1)))

    assert answers(given, "duplicate") == [("warning", "duplicate_grant"), ("warning", "duplicate_request")]
    assert evaluate(given, NOW).sendable is True


def test_requester_and_members_are_not_eligible() -> None:
    given = facts(lanes=(Lane("mlops", (ALICE, BOB, MIA)),))

    assert eligible(given, given.lanes[0]) == (MIA,)
    assert excluded(given) == (ALICE, BOB)
    result = next(r for r in evaluate(given, NOW).results if r.rule == "separation")
    assert (result.code, result.params["names"], result.who) == (
        "approvers_excluded",
        "Alice, Bob",
        (ALICE, BOB),
    )


@pytest.mark.parametrize(
    ("lanes", "expected"),
    [
        ((), [("blocked", "no_lanes")]),
        ((Lane("mlops", ()),), [("blocked", "no_one_can_decide")]),
        ((Lane("mlops", (ALICE, BOB)),), [("blocked", "no_one_can_decide")]),
        ((Lane("mlops", (MIA,), 2),), [("blocked", "no_one_can_decide")]),
        ((Lane("mlops", (MIA,), 0),), [("passed", "approvers_found")]),
        ((Lane("mlops", (), 0),), [("blocked", "no_one_can_decide")]),
        (
            (SECURITY, Lane("mlops", (BOB,))),
            [("blocked", "no_one_can_decide"), ("passed", "approvers_found")],
        ),
    ],
)
def test_approvers(lanes: object, expected: object) -> None:
    assert answers(facts(lanes=lanes), "approvers") == expected


def test_one_person_twice_in_a_lane_counts_once() -> None:
    assert answers(facts(lanes=(Lane("mlops", (MIA, Who(4, "Mia")), 2),)), "approvers") == [
        ("blocked", "no_one_can_decide")
    ]


def test_each_rule_is_bound_once() -> None:
    assert len({check.rule for check in RULES}) == len(RULES) == 8
