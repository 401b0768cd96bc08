"""The Prometheus stand-in: `GET /api/v1/query_range` of `avg_over_time(DCGM_…[10m])` over made-up use.

Shapes: Prometheus HTTP API; labels as NVIDIA's dcgm-exporter writes them and a scrape without `honorLabels` renames.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from audit.costs.records import WINDOW_MINUTES, ActivityRecord
from audit.costs.sources.dcgm import MEMORY, METRICS, PERCENT
from portal.sandbox.faults import Schedule
from portal.sandbox.metering import Meter, MeterStandin, Sliced, moment
from portal.sandbox.wire import HttpError, Request, Response, json_response

WINDOW = timedelta(minutes=WINDOW_MINUTES)
_QUERY = re.compile(r"avg_over_time\((?P<metric>\w+)(?:\{(?P<selector>[^}]*)\})?\[10m\]\)")
Labels = tuple[tuple[str, str], ...]
Series = dict[Labels, dict[datetime, Decimal]]


class Prometheus(MeterStandin):
    """Prometheus, as far as Purser speaks with it. `has(metric, record)`: whether a GPU's exporter counts a metric."""

    def __init__(
        self,
        state: Meter,
        *,
        schedule: Schedule | None = None,
        has: Callable[[str, ActivityRecord], bool] | None = None,
    ) -> None:
        super().__init__(state, schedule=schedule)
        self._has = has or (lambda metric, record: metric in (record.metric, MEMORY, *PERCENT))
        self._hour = Sliced(self._seen)
        self.router.add("GET", "/api/v1/query_range", self._range)

    def error(self, status: int, message: str, request: Request) -> Response:
        """An error as Prometheus writes it."""
        return json_response({"status": "error", "errorType": "execution", "error": message}, status)

    def _range(self, request: Request) -> Response:
        found = _QUERY.fullmatch(request.arg("query"))
        if found is None or request.arg("step") != str(int(WINDOW.total_seconds())):
            raise HttpError(400, "this stand-in answers means of ten minutes every ten minutes")
        metric = found["metric"]
        series: Series = defaultdict(dict)
        end, last = moment(request.arg("start")), moment(request.arg("end"))
        while end <= last and metric in (*METRICS, MEMORY):
            for labels, value in self._window(metric, end - WINDOW):
                series[labels][end] = value
            end += WINDOW
        result = [
            {
                "metric": dict(labels),
                "values": [[int(at.timestamp()), str(value)] for at, value in points.items()],
            }
            for labels, points in series.items()
        ]
        return json_response({"status": "success", "data": {"resultType": "matrix", "result": result}})

    def _window(self, metric: str, start: datetime) -> Iterator[tuple[Labels, Decimal]]:
        if self.silent(start):
            return
        records, types, spare = self._hour(start.replace(minute=0, second=0))
        for one in records:
            if one.start == start and self._has(metric, one):
                yield _labels(one, types.get(one.node, "")), _value(metric, one)
        if metric in PERCENT:
            yield from ((labels, Decimal(0)) for labels in spare)
            # Between two jobs of an hour a GPU is nobody's, and its exporter goes on counting.
            held = {one.gpu for one in records if one.start == start}
            between = {one.gpu: one for one in records if one.gpu not in held}
            for one in between.values():
                nobody = replace(one, workload="", namespace="")
                yield _labels(nobody, types.get(one.node, "")), Decimal(0)

    def _seen(
        self, start: datetime, end: datetime
    ) -> tuple[list[ActivityRecord], dict[str, str], list[Labels]]:
        """The hour's activity, types by node, and GPUs that nobody held: exporters count those too."""
        records = list(self.state.activity(start, end))
        types = {one.node: one.gpu_type for one in self.state.usage(start, end)}
        held: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in records:
            held[one.cluster, types.get(one.node, "")].add(one.gpu)
        there: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for known in self.state.capacity(start, end):
            there[known.cluster, known.gpu_type] += known.gpus
        spare = [
            _spare(cluster, kind, number)
            for (cluster, kind), count in there.items()
            for number in range(int(count) - len(held[cluster, kind]))
        ]
        return records, types, spare


def _value(metric: str, one: ActivityRecord) -> Decimal:
    if metric == MEMORY:
        return Decimal(one.memory_used or 0)
    return one.activity * 100 if metric in PERCENT else one.activity


def _labels(one: ActivityRecord, model: str) -> Labels:
    own = {"pod": "nvidia-dcgm-exporter-7x2zq", "namespace": "gpu-operator"}
    held = {"exported_pod": one.workload, "exported_namespace": one.namespace} if one.workload else {}
    return _sorted(
        {"UUID": one.gpu, "modelName": model, "Hostname": one.node, "cluster": one.cluster} | own | held
    )


def _spare(cluster: str, model: str, number: int) -> Labels:
    known = {"UUID": f"GPU-spare-{cluster}-{model}-{number}", "modelName": model, "cluster": cluster}
    return _sorted(known | {"pod": "nvidia-dcgm-exporter-7x2zq", "namespace": "gpu-operator"})


def _sorted(labels: dict[str, Any]) -> Labels:
    return tuple(sorted(labels.items()))
