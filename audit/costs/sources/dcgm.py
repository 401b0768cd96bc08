"""What DCGM's metrics say in a Prometheus range answer: activity in ten minutes, and which GPUs were there. Pure.

Source: Prometheus HTTP API, `query_range` (`{status, data: {resultType: "matrix", result: [{metric, values}]}}`);
NVIDIA dcgm-exporter, default counters. GPU_UTIL is in percent and says that anything ran; the others are shares.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from audit.costs.records import WINDOW_MINUTES, ActivityRecord, CapacityRecord
from audit.costs.sources import gpus, limits, values
from audit.costs.sources.faults import Faults

METRICS = ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "DCGM_FI_PROF_SM_ACTIVE", "DCGM_FI_DEV_GPU_UTIL")
"""From the one that says most about activity to the one that says least."""
PERCENT = frozenset({"DCGM_FI_DEV_GPU_UTIL"})
MEMORY = "DCGM_FI_DEV_FB_USED"
WINDOW = timedelta(minutes=WINDOW_MINUTES)
VERSION = "dcgm-1"
MOST_SAMPLES = 5_000_000
_EXPORTER = "dcgm-exporter"


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, or one MIG instance of it (`UUID/instance`), and who had it as far as the exporter said."""

    name: str
    uuid: str
    model: str
    cluster: str
    node: str = ""
    namespace: str = ""
    workload: str = ""


@dataclass
class Seen:
    """Means by GPU and window, by metric; filled from one answer after the other."""

    means: dict[str, dict[tuple[Gpu, datetime], Decimal]] = field(default_factory=lambda: defaultdict(dict))
    samples: int = 0


def add_answer(
    seen: Seen,
    document: object,
    faults: Faults,
    *,
    metric: str = "",
    cluster: str = "",
    cluster_label: str = "cluster",
    at_end: bool = False,
) -> None:
    """Take up one range answer.

    `metric`: where the series do not name theirs. `at_end`: each value is the mean of the ten minutes before its
    time (`avg_over_time`), else of its moment.
    """
    for number, series in enumerate(_series(document, faults), start=1):
        labels, points = series
        name = labels.get("__name__") or metric
        if not name:
            faults.add(number, "__name__", "no_metric")
        elif name not in METRICS and name != MEMORY:
            faults.add(number, "__name__", "other_metric", value=name)
        elif not labels.get("UUID"):
            faults.add(number, "UUID", "no_gpu_name")
        else:
            gpu = gpu_of(labels, cluster or labels.get(cluster_label, ""))
            _add_points(seen, name, gpu, points, faults, number=number, at_end=at_end)


def _series(document: object, faults: Faults) -> list[tuple[dict[str, str], list[Any]]]:
    if not isinstance(document, dict) or document.get("status") != "success":
        raise faults.stop(0, "status", "failed_answer" if isinstance(document, dict) else "bad_shape")
    data = document.get("data")
    if (
        not isinstance(data, dict)
        or data.get("resultType") != "matrix"
        or not isinstance(data.get("result"), list)
    ):
        raise faults.stop(0, "data.resultType", "bad_shape")
    found = []
    for number, one in enumerate(data["result"], start=1):
        labels, points = (one.get("metric"), one.get("values")) if isinstance(one, dict) else (None, None)
        if isinstance(labels, dict) and isinstance(points, list):
            found.append(({str(name): str(value) for name, value in labels.items()}, points))
        else:
            faults.add(number, "", "bad_shape")
    return found


def gpu_of(labels: Mapping[str, str], cluster: str) -> Gpu:
    """The GPU of a series, and the pod that had it.

    Prometheus renames the pod's labels to `exported_…` unless told not to; then `pod` is the exporter's own.
    """
    renamed = "exported_pod" in labels
    prefix = "exported_" if renamed else ""
    pod = labels.get(f"{prefix}pod", "")
    own = not renamed and _EXPORTER in pod
    instance = labels.get("GPU_I_ID", "")
    uuid = labels["UUID"]
    return Gpu(
        name=(f"{uuid}/{instance}" if instance else uuid)[: limits.GPU],
        uuid=uuid,
        model=labels.get("modelName", ""),
        cluster=cluster[: limits.CLUSTER],
        node=(labels.get("Hostname") or labels.get("hostname", ""))[: limits.NODE],
        namespace="" if own else labels.get(f"{prefix}namespace", "")[: limits.NAMESPACE] if pod else "",
        workload="" if own else pod[: limits.WORKLOAD],
    )


def _add_points(
    seen: Seen, metric: str, gpu: Gpu, points: Sequence[Any], faults: Faults, *, number: int, at_end: bool
) -> None:
    windows: dict[datetime, list[Decimal]] = defaultdict(list)
    for point in points:
        seen.samples += 1
        if seen.samples > MOST_SAMPLES:
            raise faults.stop(0, "", "too_many_rows", limit=MOST_SAMPLES)
        try:
            at, value = _point(point)
        except values.Unreadable as error:
            faults.add(number, "values", error.code, **error.facts)
            continue
        if value is not None:
            windows[_window(at - WINDOW if at_end else at)].append(value)
    for start, found in windows.items():
        mean = sum(found, Decimal(0)) / len(found)
        if metric == MEMORY:
            seen.means[metric][(gpu, start)] = mean
        elif (share := _share(metric, mean)) is None:
            faults.add(number, "values", "not_share", value=mean)
        else:
            seen.means[metric][(gpu, start)] = share


def _share(metric: str, mean: Decimal) -> Decimal | None:
    share = mean / 100 if metric in PERCENT else mean
    # Profiling counters run a little over 1 now and then.
    return min(share, Decimal(1)).quantize(values.PLACES) if 0 <= share <= Decimal("1.05") else None


def _point(point: object) -> tuple[datetime, Decimal | None]:
    """Time and value of `[seconds, "text"]`; None for a value that is not a number. Raises Unreadable."""
    if not isinstance(point, list) or len(point) != 2:
        raise values.Unreadable("bad_value", value=str(point))
    try:
        at = datetime.fromtimestamp(float(values.number(point[0])), UTC)
    except (OverflowError, OSError, ValueError):
        raise values.Unreadable("bad_time", value=str(point[0])) from None
    values.moment(at)
    text = str(point[1])
    return at, None if text.lower().lstrip("+-") in ("nan", "inf") else values.number(text)


def _window(at: datetime) -> datetime:
    return at - timedelta(minutes=at.minute % WINDOW_MINUTES, seconds=at.second, microseconds=at.microsecond)


def activity_of(seen: Seen) -> list[ActivityRecord]:
    """One record for each GPU (and pod) and window, by the first metric that knows it."""
    known: dict[tuple[Gpu, datetime], tuple[str, Decimal]] = {}
    for metric in METRICS:
        for place, share in seen.means.get(metric, {}).items():
            known.setdefault(place, (metric, share))
    memory = seen.means.get(MEMORY, {})
    return [
        ActivityRecord(
            start=start,
            cluster=gpu.cluster,
            gpu=gpu.name,
            activity=share,
            metric=metric,
            node=gpu.node,
            namespace=gpu.namespace,
            workload=gpu.workload,
            memory_used=int(memory[(gpu, start)]) if (gpu, start) in memory else None,
        )
        for (gpu, start), (metric, share) in sorted(
            known.items(), key=lambda one: (one[0][1], one[0][0].name)
        )
    ]


def capacity_of(seen: Seen, *, gpu_type: str = "") -> list[CapacityRecord]:
    """The GPUs seen in each window, those of one type and cluster together, equal windows joined.

    MIG instances are parts of one GPU. `gpu_type`: of GPUs without a model name.
    """
    there: dict[tuple[str, str], dict[datetime, set[str]]] = defaultdict(lambda: defaultdict(set))
    for metric in (*METRICS, MEMORY):
        for gpu, start in seen.means.get(metric, {}):
            kind = (gpu.model or gpu_type or gpus.UNKNOWN)[: limits.GPU_TYPE]
            there[(gpu.cluster, kind)][start].add(gpu.uuid)
    return [
        CapacityRecord(start, end, cluster, kind, Decimal(count))
        for (cluster, kind), windows in there.items()
        for start, end, count in _joined({at: len(names) for at, names in windows.items()})
    ]


def _joined(counts: Mapping[datetime, int]) -> Iterable[tuple[datetime, datetime, int]]:
    """Runs of equal counts, cut at full hours."""
    runs: list[tuple[datetime, datetime, int]] = []
    for at in sorted(counts):
        if runs and runs[-1][1] == at and runs[-1][2] == counts[at] and at.minute:
            runs[-1] = (runs[-1][0], at + WINDOW, counts[at])
        else:
            runs.append((at, at + WINDOW, counts[at]))
    return runs


def notes_of(records: Iterable[ActivityRecord]) -> tuple[str, ...]:
    """Keys of `notes.NOTES` that fit these records."""
    found, users = set(), defaultdict(set)
    for one in records:
        if one.metric in PERCENT:
            found.add("dcgm_util")
        users[(one.gpu, one.start)].add((one.namespace, one.workload))
    if any(len(pods) > 1 for pods in users.values()):
        found.add("dcgm_shared")
    return tuple(sorted(found))
