"""The checks of the first rule set: each looks at facts and says all it finds. Pure."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from approvals.policy.facts import Facts, Image, Lane, Member
from approvals.policy.types import Outcome, Result, Rule, Who

SECURITY_LANE = "security"
REVIEW_LANE = "mlops"
NAMES_SHOWN = 5
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Check:
    """A rule and the function that answers for it.

    `deferrable`: where it cannot be checked now, the request may still be sent, because the rule is checked
    again before approval.
    """

    rule: Rule
    run: Callable[[Facts, datetime], Iterable[Result]]
    deferrable: bool = False


def eligible(facts: Facts, lane: Lane) -> tuple[Who, ...]:
    """Who may decide in this lane: its role holders less those with a part in the request, by name."""
    return _by_name({who for who in lane.eligible if who.person_id not in _barred(facts)})


def excluded(facts: Facts) -> tuple[Who, ...]:
    """Role holders of any lane who may not decide here, because they ask, lead the team or would get the access."""
    return _by_name({who for lane in facts.lanes for who in lane.eligible if who.person_id in _barred(facts)})


def check_duration(facts: Facts, now: datetime) -> Iterator[Result]:
    """The window is in order, not longer than allowed, and does not begin before yesterday's same hour."""
    length, most = facts.end - facts.starts, facts.settings.max_days
    params = {"count": math.ceil(length / DAY), "max_days": most, "default_days": facts.settings.default_days}
    problems = (
        ("end_before_start", length <= timedelta(0)),
        ("end_in_past", facts.end <= now),
        ("too_long", length > timedelta(days=most)),
        ("start_in_past", facts.starts < now - DAY),
    )
    found = [_blocked(Rule.DURATION, code, **params) for code, wrong in problems if wrong]
    code = "duration_allowed" if facts.ends else "duration_default"
    yield from found or [_passed(Rule.DURATION, code, **params)]


def check_window_open(facts: Facts, now: datetime) -> Iterator[Result]:
    """At decision time: the end is still to come."""
    if facts.end <= now:
        yield _blocked(Rule.DURATION, "end_in_past")
    else:
        yield _passed(Rule.DURATION, "window_open", count=math.ceil((facts.end - now) / DAY))


def check_people(facts: Facts, now: datetime) -> Iterator[Result]:
    """There are people, not too many, and the directory knows each of them as active."""
    count, most = len(facts.members), facts.settings.max_people
    unknown = [member for member in facts.members if not member.known or member.person_id is None]
    gone = [member for member in facts.members if member.known and not member.active]
    problems: tuple[tuple[str, bool, dict[str, Any]], ...] = (
        ("nobody", count == 0, {}),
        ("too_many_people", count > most, {"count": count, "max_people": most}),
        ("unknown_people", bool(unknown), _people(unknown)),
        ("inactive_people", bool(gone), _people(gone)),
    )
    found = [_blocked(Rule.PEOPLE, code, **params) for code, wrong, params in problems if wrong]
    yield from found or [_passed(Rule.PEOPLE, "people_active", count=count)]


def check_images(facts: Facts, now: datetime) -> Iterator[Result]:
    """There are images, each exists with a digest, and none is blocked."""
    if not facts.images:
        yield _blocked(Rule.IMAGES, "no_images")
        return
    images = _in_order(facts.images)
    missing = [_image(image) for image in images if not image.exists or image.digest is None]
    blocked = [_image(image) for image in images if image.blocked]
    yield from (_blocked(Rule.IMAGES, "image_missing", **params) for params in missing)
    yield from (_blocked(Rule.IMAGES, "image_blocked", **params) for params in blocked)
    if not missing and not blocked:
        yield _passed(Rule.IMAGES, "images_allowed", count=len(images))


def check_scan(facts: Facts, now: datetime) -> Iterator[Result]:
    """Each image has a recent scan without critical findings; one row per image that has not."""
    found = [_judge_scan(image, facts, now) for image in _in_order(facts.images)]
    faults = [result for result in found if result]
    if not found:
        yield Result(Rule.SCAN, Outcome.COULD_NOT_CHECK, "no_images_to_scan")
    elif not faults:
        yield _passed(Rule.SCAN, "scans_recent", count=facts.settings.scan_max_age_days)
    yield from faults


def check_restricted(facts: Facts, now: datetime) -> Iterator[Result]:
    """Restricted images need the security lane."""
    restricted = [image for image in _in_order(facts.images) if image.restricted]
    if not restricted:
        yield _passed(Rule.RESTRICTED, "nothing_restricted")
        return
    who = _lane_people(facts, SECURITY_LANE)
    for image in restricted:
        if any(lane.name == SECURITY_LANE for lane in facts.lanes):
            yield Result(Rule.RESTRICTED, Outcome.NEEDS_PERSON, "restricted_image", _image(image), who)
        else:
            yield _blocked(Rule.RESTRICTED, "no_security_lane", **_image(image))


def check_duplicate(facts: Facts, now: datetime) -> Iterator[Result]:
    """Open requests and live grants for the same images and people. Only told: overlaps are counted."""
    if not facts.duplicates:
        yield _passed(Rule.DUPLICATE, "no_duplicate")
    for other in sorted(facts.duplicates, key=lambda other: (other.kind, other.id)):
        params = {"id": other.id, "label": other.label, "count": other.overlap}
        yield Result(Rule.DUPLICATE, Outcome.WARNING, f"duplicate_{other.kind}", params)


def check_approvers(facts: Facts, now: datetime) -> Iterator[Result]:
    """Each lane has enough people who may decide."""
    if not facts.lanes:
        yield _blocked(Rule.APPROVERS, "no_lanes")
    for lane in sorted(facts.lanes, key=lambda lane: lane.name):
        who = eligible(facts, lane)
        params = {"lane": lane.name, "count": lane.approvals_needed, "names": _names(who)}
        if len(who) < max(lane.approvals_needed, 1):
            yield Result(Rule.APPROVERS, Outcome.BLOCKED, "no_one_can_decide", params, who)
        else:
            yield Result(Rule.APPROVERS, Outcome.PASSED, "approvers_found", params, who)


def check_separation(facts: Facts, now: datetime) -> Iterator[Result]:
    """Authors, leads of the team and members do not decide; names the role holders whom this rules out."""
    out = excluded(facts)
    code = "approvers_excluded" if out else "nobody_excluded"
    yield Result(Rule.SEPARATION, Outcome.PASSED, code, {"names": _names(out)}, out)


RULES: tuple[Check, ...] = (
    Check(Rule.DURATION, check_duration),
    Check(Rule.PEOPLE, check_people),
    Check(Rule.IMAGES, check_images),
    Check(Rule.SCAN, check_scan, deferrable=True),
    Check(Rule.RESTRICTED, check_restricted),
    Check(Rule.DUPLICATE, check_duplicate),
    Check(Rule.APPROVERS, check_approvers),
    Check(Rule.SEPARATION, check_separation),
)

DECISION_RULES: tuple[Check, ...] = (
    Check(Rule.DURATION, check_window_open),
    Check(Rule.PEOPLE, check_people),
    Check(Rule.IMAGES, check_images),
    Check(Rule.SCAN, check_scan),
    Check(Rule.RESTRICTED, check_restricted),
)


def _judge_scan(image: Image, facts: Facts, now: datetime) -> Result | None:
    """What the newest scan of one image calls for; None where it is recent and clean."""
    who = _lane_people(facts, REVIEW_LANE)
    params = {**_image(image), "critical": image.critical, "high": image.high}
    if image.scan is None or image.scanned_at is None:
        return Result(Rule.SCAN, Outcome.NEEDS_PERSON, "no_scan", params, who)
    if image.scan == "critical" or image.critical:
        outcome = Outcome.BLOCKED if facts.settings.block_critical else Outcome.NEEDS_PERSON
        return Result(Rule.SCAN, outcome, "critical_findings", params, who)
    if image.scan == "unsupported":
        return Result(Rule.SCAN, Outcome.NEEDS_PERSON, "scan_unsupported", params, who)
    if image.scan not in ("passed", "high"):
        return Result(Rule.SCAN, Outcome.COULD_NOT_CHECK, "scan_unreadable", params)
    if now - image.scanned_at > timedelta(days=facts.settings.scan_max_age_days):
        age = {"count": (now - image.scanned_at).days, "max_age": facts.settings.scan_max_age_days}
        return Result(Rule.SCAN, Outcome.NEEDS_PERSON, "scan_stale", params | age, who)
    return Result(Rule.SCAN, Outcome.WARNING, "high_findings", params) if image.scan == "high" else None


def _barred(facts: Facts) -> frozenset[int]:
    return facts.member_ids | {facts.requester.person_id, *facts.barred}


def _lane_people(facts: Facts, name: str) -> tuple[Who, ...]:
    return _by_name({who for lane in facts.lanes if lane.name == name for who in eligible(facts, lane)})


def _by_name(people: Iterable[Who]) -> tuple[Who, ...]:
    return tuple(sorted(people, key=lambda who: (who.name, who.person_id)))


def _in_order(images: Iterable[Image]) -> list[Image]:
    return sorted(images, key=lambda image: (image.label, image.image_id, image.digest or ""))


def _image(image: Image) -> dict[str, Any]:
    return {"image_id": image.image_id, "image": image.label}


def _people(members: list[Member]) -> dict[str, Any]:
    """How many, whom to name (the first few), and all ids for links to their rows."""
    names = sorted(member.name for member in members)
    ids = sorted(member.person_id for member in members if member.person_id is not None)
    return {"count": len(names), "names": _short(names), "person_ids": ids}


def _names(people: Iterable[Who]) -> str:
    return _short([who.name for who in people])


def _short(names: list[str]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")


def _passed(rule: Rule, code: str, **params: Any) -> Result:
    return Result(rule, Outcome.PASSED, code, params)


def _blocked(rule: Rule, code: str, **params: Any) -> Result:
    return Result(rule, Outcome.BLOCKED, code, params)
