"""The words of policy results, as people read them. The one module of the policy that knows Django."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from approvals.policy.types import Result, Rule

RULE_LABELS: Mapping[str, Promise] = {
    Rule.DURATION: _("Duration"),
    Rule.PEOPLE: _("People"),
    Rule.IMAGES: _("Images"),
    Rule.SCAN: _("Security scan"),
    Rule.RESTRICTED: _("Restricted images"),
    Rule.DUPLICATE: _("Same request"),
    Rule.APPROVERS: _("Who can decide"),
    Rule.SEPARATION: _("Who cannot decide"),
    Rule.MOVED: _("Moved tags"),
}

LANE_LABELS: Mapping[str, Promise] = {"mlops": _("MLOps"), "security": _("Security")}

SENTENCES: Mapping[str, Promise] = {
    "duration_allowed": ngettext_lazy(
        "%(count)d day; the most allowed is %(max_days)d",
        "%(count)d days; the most allowed is %(max_days)d",
        "count",
    ),
    "duration_default": ngettext_lazy(
        "%(count)d day, because no end was chosen; the most allowed is %(max_days)d",
        "%(count)d days, because no end was chosen; the most allowed is %(max_days)d",
        "count",
    ),
    "too_long": ngettext_lazy(
        "%(count)d day is too long; the most allowed is %(max_days)d. Choose an earlier end date",
        "%(count)d days are too long; the most allowed is %(max_days)d. Choose an earlier end date",
        "count",
    ),
    "end_before_start": _("The end is not after the start. Choose a later end date"),
    "end_in_past": _("The end has passed. Choose a later end date"),
    "start_in_past": _("The start is in the past. Choose today or a later date"),
    "window_open": ngettext_lazy("%(count)d day is left", "%(count)d days are left", "count"),
    "people_active": ngettext_lazy(
        "%(count)d person, known and active", "%(count)d people, all known and active", "count"
    ),
    "nobody": _("Nobody is listed. Add at least one person"),
    "too_many_people": _("You can add up to %(max_people)d people. This list has %(count)d"),
    "unknown_people": _("Not in the directory: %(names)s. Correct or remove them"),
    "inactive_people": _("No longer active: %(names)s. Remove them"),
    "images_allowed": ngettext_lazy(
        "%(count)d image, found and not blocked", "%(count)d images, all found and not blocked", "count"
    ),
    "no_images": _("No image is chosen. Choose at least one"),
    "image_missing": _("%(image)s is not in the registry. Remove it or choose another tag"),
    "image_blocked": _("%(image)s is blocked and cannot be requested. Remove it"),
    "scans_recent": ngettext_lazy(
        "Every image was scanned within %(count)d day, without critical findings",
        "Every image was scanned within %(count)d days, without critical findings",
        "count",
    ),
    "no_images_to_scan": _("There is no image to check"),
    "no_scan": _("%(image)s has no scan. An approver decides whether it may be used"),
    "scan_stale": ngettext_lazy(
        "The scan of %(image)s is %(count)d day old; the most allowed is %(max_age)d. An approver decides",
        "The scan of %(image)s is %(count)d days old; the most allowed is %(max_age)d. An approver decides",
        "count",
    ),
    "scan_unsupported": _("The scanner could not look inside %(image)s. An approver decides"),
    "scan_unreadable": _("The scan of %(image)s could not be read. It is checked again before approval"),
    "critical_findings": _("The scan of %(image)s has critical findings: %(critical)d"),
    "high_findings": _("The scan of %(image)s has high findings: %(high)d"),
    "nothing_restricted": _("No image is restricted"),
    "restricted_image": _("%(image)s is restricted: Security approves"),
    "no_security_lane": _("%(image)s is restricted, and Security has not been asked. Send the request again"),
    "no_duplicate": _("Nothing else gives these people the same images"),
    "duplicate_request": _(
        "%(label)s asks for the same images for %(count)d of these people. You can still send"
    ),
    "duplicate_grant": _(
        "%(label)s already gives the same images to %(count)d of these people. You can still send"
    ),
    "no_lanes": _("No group of approvers is set up for this request. Ask an administrator"),
    "no_one_can_decide": _(
        "Nobody can decide for %(lane)s: approvers needed: %(count)d. Ask an administrator"
    ),
    "approvers_found": _("%(lane)s: %(names)s can decide"),
    "nobody_excluded": _("No approver is part of this request or leads its team"),
    "approvers_excluded": _(
        "Cannot decide here, because they are part of this request or lead its team: %(names)s"
    ),
    "tag_moved": _("%(image)s has moved since the request was sent. The approval is for what was sent"),
    "check_failed": _("This could not be checked. Try again; if it fails again, tell the platform team"),
}


def explain(result: Result) -> str:
    """The result as one sentence in the language active now. A code without a sentence raises KeyError."""
    return str(SENTENCES[result.code] % _readable(result))


def rule_label(rule: str) -> str:
    """The rule's name as people read it; the code itself for a rule of an older set."""
    return str(RULE_LABELS.get(rule, rule))


def lane_label(name: str) -> str:
    """The lane's name as people read it; a lane without a translation keeps its own."""
    return str(LANE_LABELS.get(name, name))


def _readable(result: Result) -> dict[str, Any]:
    """The facts of a result with what it names in the reader's language; the log keeps codes and numbers."""
    params = dict(result.params)
    if "lane" in params:
        params["lane"] = lane_label(params["lane"])
    if result.code == "duplicate_grant":
        params["label"] = gettext("Grant %(number)s") % {"number": params["id"]}
    return params
