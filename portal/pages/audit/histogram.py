"""The chart above the events: how many there were in each hour, day, month or year; a bar narrows the list to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit.ledger.histogram import Stretch, count_between, first_moment
from audit.ledger.selectors import COUNT_LIMIT
from audit.ledger.types import EventFilters, Scope
from portal.pages.markup import day_text

HOUR, DAY, MONTH, YEAR = "hour", "day", "month", "year"
LONGEST = ((HOUR, timedelta(hours=49)), (DAY, timedelta(days=32)), (MONTH, timedelta(days=2 * 366)))
HEIGHT = 100


@dataclass(frozen=True)
class Bar:
    """One stretch of time: its name, a short one for the axis, and how tall it is drawn (0 to 100)."""

    name: str
    short: str
    count: int
    more: bool
    height: int
    url: str

    @property
    def top(self) -> int:
        """Where the bar begins, from above."""
        return HEIGHT - self.height


@dataclass(frozen=True)
class Histogram:
    """The bars, oldest first, the tallest of them, and how long each is."""

    bars: list[Bar]
    most: Bar
    step: str


def histogram_of(
    request: HttpRequest, scope: Scope, filters: EventFilters, *, now: datetime
) -> Histogram | None:
    """The chart of the events on screen; None when there is nothing to compare: no event, or a single hour."""
    since, until = filters.since or first_moment(), min(filters.until or now, now)
    if since is None or until - since <= timedelta(hours=1):
        return None
    step = next((step for step, longest in LONGEST if until - since <= longest), YEAR)
    stretches = count_between(scope, filters, _edges(since, until, step))
    most = max((stretch.count for stretch in stretches), default=0)
    if not most:
        return None
    bars = [_bar(request, stretch, step, most) for stretch in stretches]
    return Histogram(bars, max(bars, key=lambda bar: bar.count), step)


def _edges(since: datetime, until: datetime, step: str) -> Sequence[datetime]:
    edges = [_start(since, step)]
    while edges[-1] < until:
        edges.append(_next(edges[-1], step))
    return edges


def _start(at: datetime, step: str) -> datetime:
    local = timezone.localtime(at)
    if step == HOUR:
        return local.replace(minute=0, second=0, microsecond=0)
    day = local.date()
    return _midnight({DAY: day, MONTH: day.replace(day=1), YEAR: day.replace(month=1, day=1)}[step])


def _next(edge: datetime, step: str) -> datetime:
    if step == HOUR:
        return timezone.localtime(edge + timedelta(hours=1))
    # Far enough into the next day, month or year, whatever their length.
    return _start(
        edge + {DAY: timedelta(hours=30), MONTH: timedelta(days=32), YEAR: timedelta(days=370)}[step], step
    )


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _bar(request: HttpRequest, stretch: Stretch, step: str, most: int) -> Bar:
    name, short = _names(stretch.since, step)
    return Bar(
        name=name,
        short=short,
        count=min(stretch.count, COUNT_LIMIT),
        more=stretch.count > COUNT_LIMIT,
        height=max(-(-HEIGHT * stretch.count // most), 3) if stretch.count else 0,
        url=_narrowed(request, stretch, step),
    )


def _names(since: datetime, step: str) -> tuple[str, str]:
    hour = date_format(since, "H")
    if step == HOUR:
        return _("%(day)s, %(hour)s:00") % {"day": day_text(since), "hour": hour}, hour
    if step == DAY:
        return day_text(since), date_format(since, "j")
    return (date_format(since, "F Y"), date_format(since, "M")) if step == MONTH else (f"{since:%Y}",) * 2


def _narrowed(request: HttpRequest, stretch: Stretch, step: str) -> str:
    last = timezone.localtime(stretch.until - timedelta(seconds=1))
    wanted = {"since": f"{stretch.since:%Y-%m-%d}", "until": f"{last:%Y-%m-%d}"}
    if step == HOUR:
        wanted["hour"] = str(stretch.since.hour)
    query = request.GET.copy()
    for name in ("days", "before", "hour"):
        query.pop(name, None)
    for name, value in wanted.items():
        query[name] = value
    return f"?{query.urlencode()}"
