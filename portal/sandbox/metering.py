"""What stand-ins of usage sources are fed by, and what they have in common: they know GPU use and answer about it."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Generic, TypeVar

from audit.costs.records import ActivityRecord, CapacityRecord, UsageRecord
from portal.sandbox.faults import Schedule
from portal.sandbox.standin import Standin
from portal.sandbox.usage import Fleet, activity_between, capacity_between, usage_between
from portal.sandbox.wire import HttpError, Request, Response, json_response

HOUR = timedelta(hours=1)
Known = TypeVar("Known", UsageRecord, ActivityRecord, CapacityRecord)
Kind = tuple[str, str, str]
"""Cluster, type of GPU, how it was bought."""


@dataclass(frozen=True)
class Meter:
    """Who held what, how active it was, and what was there, for any span of time."""

    usage: Callable[[datetime, datetime], Iterable[UsageRecord]]
    activity: Callable[[datetime, datetime], Iterable[ActivityRecord]]
    capacity: Callable[[datetime, datetime], Iterable[CapacityRecord]]

    def __deepcopy__(self, memo: dict[int, Any]) -> "Meter":
        """Itself: nothing of it changes."""
        return self

    @classmethod
    def of_fleet(cls, fleet: Fleet) -> "Meter":
        """Of a made-up organisation."""
        return cls(
            partial(usage_between, fleet), partial(activity_between, fleet), partial(capacity_between, fleet)
        )

    @classmethod
    def of_records(cls, *records: UsageRecord | ActivityRecord | CapacityRecord) -> "Meter":
        """Of some records: those that begin in the span asked for."""
        return cls(
            partial(_begun, [one for one in records if isinstance(one, UsageRecord)]),
            partial(_begun, [one for one in records if isinstance(one, ActivityRecord)]),
            partial(_begun, [one for one in records if isinstance(one, CapacityRecord)]),
        )

    def spare(self, start: datetime, end: datetime) -> dict[Kind, Decimal]:
        """GPU hours that were there and that nobody held."""
        hours: dict[Kind, Decimal] = defaultdict(Decimal)
        for there in self.capacity(start, end):
            hours[there.cluster, there.gpu_type, there.pricing_class] += gpu_hours(there)
        for held in self.usage(start, end):
            hours[held.cluster, held.gpu_type, held.pricing_class] -= gpu_hours(held)
        return {kind: max(left, Decimal(0)) for kind, left in hours.items()}


def _begun(records: list[Known], start: datetime, end: datetime) -> list[Known]:
    return [one for one in records if start <= one.start < end]


def gpu_hours(one: UsageRecord | CapacityRecord) -> Decimal:
    """The GPU hours of a record."""
    return one.gpus * Decimal((one.end - one.start) // timedelta(milliseconds=1)) / 3_600_000


class MeterStandin(Standin[Meter]):
    """A source of usage over a meter.

    `POST /sandbox/garbage {"times": 2}`: so many next answers are a proxy's page instead. `POST /sandbox/silence
    {"from": T, "until": T}`: the source knows nothing of that time.
    """

    def __init__(self, state: Meter, *, schedule: Schedule | None = None) -> None:
        super().__init__(state, schedule=schedule)
        self.garbage = 0
        self.silence: tuple[datetime, datetime] | None = None
        self.steering.router.add("POST", "/sandbox/garbage", self._garbage)
        self.steering.router.add("POST", "/sandbox/silence", self._silence)

    def silent(self, at: datetime) -> bool:
        """Whether nothing is known of a time."""
        return self.silence is not None and self.silence[0] <= at < self.silence[1]

    def picture(self) -> Any:
        """The state for oracles: what it is told to do."""
        return {"garbage": self.garbage, "silence": self.silence}

    def dump(self) -> Any:
        """Nothing is kept: use is made anew from the same seed."""
        return {}

    def restore(self, document: Any) -> None:
        """Nothing to take up."""

    def _dispatch(self, request: Request) -> Response:
        if self.garbage:
            self.garbage -= 1
            return Response(200, b"<html><body>Bad gateway</body></html>", {"Content-Type": "text/html"})
        return super()._dispatch(request)

    def _garbage(self, request: Request) -> Response:
        self.garbage = int(request.json().get("times", 1))
        return json_response({"garbage": self.garbage})

    def _silence(self, request: Request) -> Response:
        sent = request.json()
        self.silence = (moment(str(sent["from"])), moment(str(sent["until"])))
        return json_response({"silence": [one.isoformat() for one in self.silence]})


Answer = TypeVar("Answer")


class Sliced(Generic[Answer]):
    """Hours that were worked out before, so that a back-fill does not make each of them anew."""

    def __init__(self, make: Callable[[datetime, datetime], Answer], *, most: int = 500) -> None:
        self._make, self._most = make, most
        self._made: dict[datetime, Answer] = {}

    def __call__(self, hour: datetime) -> Answer:
        """What the hour says."""
        if hour not in self._made:
            if len(self._made) >= self._most:
                self._made.clear()
            self._made[hour] = self._make(hour, hour + HOUR)
        return self._made[hour]


def moment(text: str) -> datetime:
    """A time as clients write it: RFC 3339, or seconds since 1970. Raises HttpError 400."""
    try:
        if text.replace(".", "", 1).isdigit():
            return datetime.fromtimestamp(float(text), UTC)
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise HttpError(400, f"cannot parse {text!r} to a valid timestamp") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
