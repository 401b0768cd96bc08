"""Runs every check for page, API, sending and decision alike; fails closed; names the rules it ran. Pure."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime

from approvals.policy.checks import DECISION_RULES, RULES, Check
from approvals.policy.facts import Facts, Image, Member, Settings
from approvals.policy.types import Evaluation, Outcome, Result, Rule

DECLARED_VERSION = "2026.11"
log = logging.getLogger(__name__)


def rule_set_version(settings: Settings, rules: Sequence[Check] = RULES) -> str:
    """The declared version and a digest of rule names and settings, e.g. `2026.11+1f0c9a2b`."""
    named = [[check.rule.value, check.deferrable] for check in rules]
    text = json.dumps([named, asdict(settings)], sort_keys=True)
    return f"{DECLARED_VERSION}+{hashlib.sha256(text.encode()).hexdigest()[:8]}"


RULE_SET_VERSION = rule_set_version(Settings())


def evaluate(facts: Facts, now: datetime, *, rules: Sequence[Check] = RULES) -> Evaluation:
    """Ask every rule and collect every answer.

    A rule that raises, or says nothing, could not be checked; that stops the sending unless the rule is
    checked again before approval. Without rules nothing may be sent. Stored facts give the same answer again:
    `evaluate(Facts.from_json(stored), now)`.
    """
    results = [(check, result) for check in rules for result in _answers(check, facts, now)]
    sendable = bool(results) and not any(_stops(check, result) for check, result in results)
    version = rule_set_version(facts.settings, rules)
    return Evaluation(tuple(result for _, result in results), version, sendable)


def recheck(frozen: Facts, current: Facts, now: datetime) -> Evaluation:
    """What must still hold when a sent request is approved; `sendable` then means "may be approved".

    The people, images and window of `frozen` (stored when the request was sent) are judged by what `current`
    says of them now: people active, images there and not blocked, scans, the security lane for what has
    become restricted, the end still to come. Who or what `current` no longer knows counts as gone.

    In `current`, an image's `digest` is where its tag points now, while `exists` and the scan speak of the
    digest that was sent. A tag that has moved is only told: the approval is for the digest that was sent.
    Nothing is left for later here: what could not be checked cannot be approved. A denial needs no recheck.
    """
    evaluation = evaluate(_as_of_now(frozen, current), now, rules=DECISION_RULES)
    return replace(evaluation, results=evaluation.results + _moved(frozen, current))


def _answers(check: Check, facts: Facts, now: datetime) -> list[Result]:
    try:
        found = list(check.run(facts, now))
    except Exception as error:
        log.exception("policy rule %s failed", check.rule)
        return [Result(check.rule, Outcome.COULD_NOT_CHECK, "check_failed", {"error": type(error).__name__})]
    return found or [Result(check.rule, Outcome.COULD_NOT_CHECK, "check_failed", {"error": "no answer"})]


def _stops(check: Check, result: Result) -> bool:
    unknown = result.result is Outcome.COULD_NOT_CHECK and not check.deferrable
    return unknown or result.result is Outcome.BLOCKED


def _as_of_now(frozen: Facts, current: Facts) -> Facts:
    people = {member.person_id: member for member in current.members}
    images = {image.image_id: image for image in current.images}
    return replace(
        frozen,
        now=current.now,
        ends=frozen.end,
        settings=current.settings,
        members=tuple(people.get(member.person_id) or _gone(member) for member in frozen.members),
        images=tuple(_image_now(image, images.get(image.image_id)) for image in frozen.images),
    )


def _gone(member: Member) -> Member:
    return replace(member, known=False, active=False)


def _image_now(sent: Image, now: Image | None) -> Image:
    """The image's present standing under the digest that was sent."""
    return replace(now, tag=sent.tag, digest=sent.digest) if now else replace(sent, exists=False)


def _moved(frozen: Facts, current: Facts) -> tuple[Result, ...]:
    digests = {image.image_id: image.digest for image in current.images}
    moved = [image for image in frozen.images if digests.get(image.image_id, image.digest) != image.digest]
    return tuple(
        Result(Rule.MOVED, Outcome.WARNING, "tag_moved", {"image_id": image.image_id, "image": image.label})
        for image in sorted(moved, key=lambda image: (image.label, image.image_id))
    )
