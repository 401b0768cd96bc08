"""Range answers of Prometheus about GPUs, kept in a file: one answer, or a list of them. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from audit.costs.records import ActivityRecord, CapacityRecord, Facts, Reading
from audit.costs.sources.days import by_day
from audit.costs.sources.dcgm import VERSION, Seen, activity_of, add_answer, capacity_of, notes_of
from audit.costs.sources.faults import Faults
from audit.costs.sources.notes import NOTES
from audit.costs.sources.values import whole_hour

HOUR = timedelta(hours=1)


def read_answers(document: object) -> list[Reading]:
    """The readings of a file, one for each UTC day. Raises CostError `bad_file` with every fault."""
    faults, seen = Faults(), Seen()
    for answer in document if isinstance(document, list) else [document]:
        add_answer(seen, answer, faults)
    activity = activity_of(seen)
    if not activity and not faults.count:
        faults.add(0, "data.result", "no_rows")
    faults.check()
    return by_day([*activity, *capacity_of(seen)], version=VERSION, notes=_noted(activity))


def by_hour(seen: Seen, hours: list[datetime], *, gpu_type: str = "") -> list[Reading]:
    """Put what was seen into the hours it belongs to: each of them is complete, also when nothing was seen."""
    found: dict[datetime, list[ActivityRecord | CapacityRecord]] = {hour: [] for hour in hours}
    both: list[ActivityRecord | CapacityRecord] = [*activity_of(seen), *capacity_of(seen, gpu_type=gpu_type)]
    for one in both:
        if (hour := whole_hour(one.start)) in found:
            found[hour].append(one)
    facts = frozenset({Facts.ACTIVITY, Facts.CAPACITY})
    return [
        Reading(hour, hour + HOUR, facts, tuple(records), format_version=VERSION, notes=_noted(records))
        for hour, records in found.items()
    ]


def _noted(records: Iterable[ActivityRecord | CapacityRecord]) -> tuple[object, ...]:
    return tuple(NOTES[key] for key in notes_of(one for one in records if isinstance(one, ActivityRecord)))
