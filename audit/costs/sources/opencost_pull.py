"""Asks OpenCost's API (`GET /allocation/compute`, `GET /assets`) for what was held and what was there.

Source: OpenCost API documentation and `pkg/costmodel` (port 9003): `window` as two RFC 3339 times, `step`,
`resolution`, `accumulate=false`; without `aggregate` every container is named with its pod's labels.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from audit.costs.errors import CostError
from audit.costs.records import Facts, Reading
from audit.costs.sources.errors import Malformed, Permanent, Refused
from audit.costs.sources.notes import NOTES
from audit.costs.sources.opencost import VERSION, Options, read_opencost
from audit.costs.sources.opencost_nodes import NodeFacts, read_nodes
from audit.costs.sources.options import OpenCostOptions
from audit.costs.sources.steps import DAY, HOUR, Step, asked, hours_in, only, spans
from audit.costs.sources.wire import Wire

WHAT = "OpenCost"


class OpenCostPuller:
    """Asks one OpenCost. `token`, `password`: the secrets that the options refer to."""

    def __init__(self, options: OpenCostOptions, *, token: str = "", password: str = "") -> None:
        self.options = options
        self.look_back = timedelta(hours=options.look_back_hours)
        self._wire = Wire(
            options.url,
            what=WHAT,
            token=token,
            user=options.user,
            password=password,
            timeout=options.timeout,
            ca_file=options.ca_file,
        )

    def close(self) -> None:
        """Close what is open."""
        self._wire.close()

    def steps(self, *, cursor: datetime | None, now: datetime) -> Iterator[Step]:
        """Hour by hour, or a day at a time."""
        options = self.options
        found = spans(
            cursor=cursor,
            now=now,
            look_back=self.look_back,
            back_fill=timedelta(days=options.back_fill_days),
            length=HOUR if options.step == "hour" else DAY,
            most=options.steps_per_run,
        )
        return asked(self._read, spans=found, now=now, look_back=self.look_back, what=WHAT)

    def _read(self, start: datetime, end: datetime) -> list[Reading]:
        """The hours of a span. In every cluster something runs: an hour without anything is one nobody looked at."""
        window = f"{_stamp(start)},{_stamp(end)}"
        query = {
            "window": window,
            "step": "1h",
            "resolution": self.options.resolution,
            "accumulate": "false",
            "includeIdle": "true",
        }
        document = self._wire.get("allocation/compute", query)
        empty = (
            isinstance(document, dict) and document.get("code") == 200 and not any(document.get("data") or ())
        )
        if empty and not self.options.may_be_empty:
            return []
        nodes = self._nodes(window, whole=end - start == HOUR) if self.options.assets else NodeFacts()
        said = {} if empty else self._understood(document, nodes, start, end)
        hours = hours_in(start, end) if self.options.may_be_empty else sorted(said)
        wanted = frozenset(self.options.facts)
        return [only(said.get(hour) or _nothing_held(hour, nodes, self.options), wanted) for hour in hours]

    def _understood(
        self, document: object, nodes: NodeFacts, start: datetime, end: datetime
    ) -> dict[datetime, Reading]:
        known = Options(self.options.cluster, self.options.gpu_type, nodes)
        try:
            found = read_opencost(document, options=known)
        except CostError as error:
            raise Malformed(f"{WHAT}'s answer has faults: {'; '.join(error.detail['faults'][:3])}") from None
        if any(one.end - one.start != HOUR or not start <= one.start < end for one in found):
            raise Malformed(f"{WHAT} answered with other steps than it was asked for.")
        if self.options.assets and not nodes.known:
            found = [_noted(one, "opencost_assets") for one in found]
        return {one.start: one for one in found}

    def _nodes(self, window: str, *, whole: bool) -> NodeFacts:
        """The nodes of the span; nothing known where this OpenCost has no such address.

        `whole` False: the span is longer than an hour, so nothing is known about capacity hour by hour.
        """
        try:
            said = self._wire.get("assets", {"window": window})
            given = self.options
            found = read_nodes(said, gpu_type=given.gpu_type, reserved=given.reserved_nodes)
        except Refused:
            raise
        except Permanent:
            return NodeFacts()
        return found if whole else replace(found, asked=False)


def _nothing_held(hour: datetime, nodes: NodeFacts, options: OpenCostOptions) -> Reading:
    there = nodes.capacity(hour, hour + HOUR, options.cluster) if nodes.asked else []
    facts = {Facts.USAGE} | ({Facts.CAPACITY} if nodes.asked else set())
    return Reading(hour, hour + HOUR, frozenset(facts), tuple(there), format_version=VERSION)


def _noted(reading: Reading, key: str) -> Reading:
    return replace(reading, notes=(*reading.notes, NOTES[key]))


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
