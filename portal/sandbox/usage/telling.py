"""The same use, as sources tell it: hour by hour what was held, window by window how active it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zlib import crc32

from audit.costs.records import (
    WINDOW_MINUTES,
    ActivityRecord,
    CapacityRecord,
    Measured,
    UsageRecord,
)
from portal.sandbox.usage.fleet import Fleet, Slot, gpu_name
from portal.sandbox.usage.weeks import HOUR, Job, jobs_of

WINDOW = timedelta(minutes=WINDOW_MINUTES)
ACTIVE = 0.05
METRIC = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"


def usage_between(
    fleet: Fleet, start: datetime, end: datetime, *, measured: bool = False
) -> Iterator[UsageRecord]:
    """Who held what in each hour of [start, end), one record for each job and hour, in the order of time.

    `measured`: the records bring their activity themselves, as plain files do.
    """
    for hour in _hours(fleet, start, end):
        for slot in fleet.slots:
            for job in jobs_of(fleet, slot, hour, hour + HOUR):
                yield _record(job, max(hour, job.start), min(hour + HOUR, job.end), measured=measured)


def activity_between(fleet: Fleet, start: datetime, end: datetime) -> Iterator[ActivityRecord]:
    """How active each held GPU was in each window of ten minutes in [start, end)."""
    for hour in _hours(fleet, start, end):
        for slot in fleet.slots:
            for job in jobs_of(fleet, slot, hour, hour + HOUR):
                yield from _windows(job, max(hour, job.start), min(hour + HOUR, job.end))


def capacity_between(fleet: Fleet, start: datetime, end: datetime) -> Iterator[CapacityRecord]:
    """The GPUs that were there in each hour of [start, end), by cluster, type and how they were bought."""
    there: dict[tuple[str, str, str], int] = {}
    for cluster in fleet.clusters:
        for node in cluster.nodes:
            key = (cluster.name, node.gpu_type, node.pricing_class)
            there[key] = there.get(key, 0) + node.gpus
    for hour in _hours(fleet, start, end):
        for (cluster_name, gpu_type, bought), gpus in there.items():
            yield CapacityRecord(hour, hour + HOUR, cluster_name, gpu_type, Decimal(gpus), bought)


def _hours(fleet: Fleet, start: datetime, end: datetime) -> Iterator[datetime]:
    hour = start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour < end:
        if hour.date() not in fleet.missing:
            yield hour
        hour += HOUR


def _record(job: Job, start: datetime, end: datetime, *, measured: bool) -> UsageRecord:
    slot, node = job.slot, job.slot.node
    gpus = Decimal(node.gpus) if node.gang else Decimal(1) / node.parts
    return UsageRecord(
        start, end, slot.cluster, node.gpu_type, gpus.quantize(Decimal("0.000001")), node.pricing_class,
        node=node.name, namespace=job.tenant.namespace, gpu=slot.gpu, workload=job.name, container="main",
        image=job.image, digest=job.digest, labels=_labels(job),
        measured=_measured(job, start, end) if measured else None,
    )  # fmt: skip


def _labels(job: Job) -> dict[str, str]:
    if not job.tenant.labelled:
        return {}
    return {"purser.io/project": job.tenant.project, "purser.io/person": job.person}


def _measured(job: Job, start: datetime, end: datetime) -> Measured:
    windows = [_activity(job, at) for at in _cut(start, end)]
    share = sum(one >= ACTIVE for one in windows) / len(windows)
    hours = Decimal((end - start).total_seconds()) / 3600 * Decimal(str(round(share, 6)))
    return Measured(_decimal(sum(windows) / len(windows)), hours.quantize(Decimal("0.000001")), METRIC)


def _windows(job: Job, start: datetime, end: datetime) -> Iterator[ActivityRecord]:
    for at in _cut(start, end):
        for gpu in _gpus(job.slot):
            yield ActivityRecord(
                at, job.slot.cluster, gpu, _decimal(_activity(job, at)), METRIC, node=job.slot.node.name,
                namespace=job.tenant.namespace, workload=job.name, memory_used=24_000,
            )  # fmt: skip


def _cut(start: datetime, end: datetime) -> Iterator[datetime]:
    at = start - (start - datetime.min.replace(tzinfo=UTC)) % WINDOW
    while at < end:
        yield at
        at += WINDOW


def _gpus(slot: Slot) -> list[str]:
    return (
        [slot.gpu] if slot.gpu else [gpu_name(slot.cluster, slot.node.name, n) for n in range(slot.node.gpus)]
    )


def _activity(job: Job, at: datetime) -> float:
    # A little restless, and quiet while it starts; the same for everybody who asks.
    if at < job.start:
        return 0.0
    wave = 0.85 + 0.3 * crc32(f"{job.name}{at.day}{at.hour}{at.minute}".encode()) / 2**32
    return min(1.0, job.activity * wave)


def _decimal(value: float) -> Decimal:
    return Decimal(str(round(value, 6)))
