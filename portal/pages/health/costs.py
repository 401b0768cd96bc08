"""Whether the sources of GPU usage are read, and which kinds of facts nobody brings."""

from datetime import datetime

from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit.costs.models import Source
from audit.costs.pulling import FAILING_AFTER
from audit.costs.standings import missing_facts, source_states
from audit.costs.types import SourceState

FACTS = {
    "usage": gettext_lazy("which GPUs are held"),
    "activity": gettext_lazy("how active they are"),
    "capacity": gettext_lazy("which GPUs there are"),
}


def usage(now: datetime) -> tuple[str, str]:
    """Whether every source is read and in time. What nobody brings is said to be missing: it is never zero."""
    states = source_states(now)
    if not states:
        return "not_set_up", _("No source of GPU usage is connected; costs are missing")
    broken = {row.key: row for row in Source.objects.filter(enabled=True, attempts__gte=FAILING_AFTER)}
    failing = [_failing(row, now) for _key, row in sorted(broken.items())]
    late = [_late(one, now) for one in states if one.late and one.key not in broken]
    state = "failing" if failing else "slow" if late else "working"
    return state, " ".join([*failing, *late, *_missing(states)])


def _failing(row: Source, now: datetime) -> str:
    """Without the error itself: anybody may read reasons."""
    if row.succeeded_at is None:
        return _("%(name)s has never been read.") % {"name": row.name}
    since = timesince(row.succeeded_at, now, depth=1)
    return _("%(name)s cannot be read since %(time)s.") % {"name": row.name, "time": since}


def _late(one: SourceState, now: datetime) -> str:
    if one.complete_through is None:
        return _("%(name)s has never been read.") % {"name": one.name}
    since = timesince(one.complete_through, now, depth=1)
    return _("%(name)s is complete up to %(time)s ago.") % {"name": one.name, "time": since}


def _missing(states: list[SourceState]) -> list[str]:
    missing = [str(FACTS[kind]) for kind in missing_facts(states)]
    return [_("Missing: %(kinds)s.") % {"kinds": ", ".join(missing)}] if missing else []
