"""What one slot does in one week: jobs in a queue, notebooks that stay open, nights and weekends."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from random import Random

from portal.sandbox.usage.fleet import Fleet, Slot, Tenant

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
QUEUE_MINUTES = {True: (1, 25), False: (20, 600)}
"""How long a slot waits for its next job, on weekdays by day, and else."""


@dataclass(frozen=True)
class Job:
    """A hold on one slot. `activity` is its mean; a notebook's is close to nothing."""

    slot: Slot
    start: datetime
    end: datetime
    tenant: Tenant
    person: str
    image: str
    digest: str
    name: str
    activity: float


def week_of(moment: datetime) -> datetime:
    """The Monday before, at midnight UTC."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def jobs_of(fleet: Fleet, slot: Slot, start: datetime, end: datetime) -> Iterator[Job]:
    """The jobs of the slot that touch [start, end), in order."""
    week = week_of(start)
    while week < end:
        for job in _week(fleet, slot, week):
            if job.start < end and job.end > start:
                yield job
        week += WEEK


@lru_cache(maxsize=65536)
def _week(fleet: Fleet, slot: Slot, week: datetime) -> tuple[Job, ...]:
    dice = Random(f"{fleet.seed}:{slot.name}:{week:%Y%m%d}")  # noqa: S311 - a story, not a secret
    users = _users(fleet, slot)
    if not users:
        return ()
    made: list[Job] = []
    at, end = week + timedelta(minutes=dice.randrange(0, 240)), week + WEEK
    while at < end:
        at += timedelta(minutes=dice.randint(*QUEUE_MINUTES[_busy_hours(at)])) * (6 if slot.node.owner else 1)
        if at >= end:
            break
        job = _job(dice, users, slot, at, end, number=len(made))
        made.append(job)
        at = job.end
    return tuple(_run_over(fleet, slot, made))


def _users(fleet: Fleet, slot: Slot) -> tuple[Tenant, ...]:
    owner = slot.node.owner
    return tuple(one for one in fleet.tenants if not owner or one.project == owner)


def _busy_hours(at: datetime) -> bool:
    return at.weekday() < 5 and 7 <= at.hour < 19


def _job(
    dice: Random, users: tuple[Tenant, ...], slot: Slot, at: datetime, end: datetime, *, number: int
) -> Job:
    tenant = _chosen(dice, users)
    image, digest = dice.choice(tenant.images)
    # Every sixth hold is a notebook that somebody leaves open until the evening, or until Friday.
    notebook = slot.node.parts > 1 or dice.random() < 1 / 6
    length = (
        dice.choice((4, 8, 9, 30)) * HOUR
        if notebook
        else timedelta(minutes=round(dice.lognormvariate(5.2, 0.9)))
    )
    activity = dice.betavariate(1, 40) if notebook and dice.random() < 0.7 else dice.betavariate(6, 2)
    return Job(
        slot, at, min(end, at + max(length, timedelta(minutes=10))), tenant, dice.choice(tenant.people), image,
        digest, f"{'notebook' if notebook else 'train'}-{dice.randrange(16**5):05x}-{number}", activity,
    )  # fmt: skip


def _chosen(dice: Random, users: tuple[Tenant, ...]) -> Tenant:
    sums = list(accumulate(one.weight for one in users))
    return users[bisect(sums, dice.random() * sums[-1])]


def _run_over(fleet: Fleet, slot: Slot, jobs: list[Job]) -> Iterator[Job]:
    """The jobs, with a runaway's days taken by it alone."""
    mine = next((one for one in fleet.runaways if one.node == slot.node.name), None)
    if mine is None:
        yield from jobs
        return
    first, after = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in (mine.first, mine.after))
    tenant = next(one for one in fleet.tenants if one.project == mine.project)
    image, digest = tenant.images[0]
    week = week_of(jobs[0].start) if jobs else first
    for job in jobs:
        if job.end <= first or job.start >= after:
            yield job
    if first < week + WEEK and after > week:
        start, end = max(first, week), min(after, week + WEEK)
        yield Job(slot, start, end, tenant, mine.person, image, digest, "sweep-do-not-touch", 0.97)
