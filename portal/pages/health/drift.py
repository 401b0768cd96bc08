"""Whether systems are as granted, and were looked at lately."""

from datetime import datetime
from typing import Any

from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from grants.delivery.drift_clock import interval
from grants.delivery.drift_selectors import TargetDrift, drift_of_targets

MISSED = 3  # intervals without a look


def differences(now: datetime) -> tuple[str, str]:
    """Whether every system that keeps entries was looked at lately and nothing there waits for a person."""
    targets = drift_of_targets()
    if not targets:
        return "not_set_up", _("No system is connected that keeps access of its own")
    faults = [text for one in targets if (text := _fault(one, now))]
    return ("slow", " ".join(faults)) if faults else ("working", _newest(targets, now))


def _fault(one: TargetDrift, now: datetime) -> str:
    name, last = one.looked.target.name, one.looked.last
    if last is None or last.finished_at is None:
        return _("%(name)s was never looked at.") % {"name": name}
    said: dict[str, Any] = {"name": name, "time": timesince(last.finished_at, now, depth=1)}
    if last.error or now - last.finished_at > interval() * MISSED:
        return _("%(name)s was last looked at %(time)s ago.") % said
    if one.held or one.fought:
        return _("%(name)s: places where Purser has stopped: %(count)s.") % {
            "name": name,
            "count": one.held + one.fought,
        }
    if one.attention:
        return _("%(name)s: places not as granted: %(count)s.") % {"name": name, "count": one.attention}
    return ""


def _newest(targets: list[TargetDrift], now: datetime) -> str:
    ends = [one.looked.last.finished_at for one in targets if one.looked.last and one.looked.last.finished_at]
    if not ends:
        return ""
    return _("Last looked at %(time)s ago") % {"time": timesince(min(ends), now, depth=1)}
