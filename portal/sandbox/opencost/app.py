"""The OpenCost stand-in: `GET /allocation/compute` and `GET /assets` over made-up use.

Shapes: OpenCost `core/pkg/opencost/allocation_json.go` and `asset_json.go`. Numbers are rounded to 5 places, as there.
"""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from audit.costs.records import UsageRecord
from audit.costs.sources.gpus import mangled
from portal.sandbox.faults import Schedule
from portal.sandbox.metering import HOUR, Kind, Meter, MeterStandin, Sliced, gpu_hours, moment
from portal.sandbox.wire import HttpError, Request, Response, json_response

PRICE = Decimal("1.80")
"""US$ of a GPU hour: OpenCost's own list prices are not ours."""
Json = dict[str, Any]


class OpenCost(MeterStandin):
    """OpenCost, as far as Purser speaks with it. `assets` False: an old one without `/assets`."""

    def __init__(self, state: Meter, *, schedule: Schedule | None = None, assets: bool = True) -> None:
        super().__init__(state, schedule=schedule)
        self._step = Sliced(self._allocations)
        self.router.add("GET", "/allocation/compute", self._compute)
        if assets:
            self.router.add("GET", "/assets", self._assets)

    def error(self, status: int, message: str, request: Request) -> Response:
        """An error as OpenCost writes it."""
        return json_response({"code": status, "status": "error", "message": message, "data": None}, status)

    def _compute(self, request: Request) -> Response:
        start, end = _window(request)
        if request.arg("step") not in ("1h", "60m"):
            raise HttpError(400, "this stand-in answers in steps of an hour")
        steps, hour = [], start
        while hour < end:
            steps.append({} if self.silent(hour) else self._step(hour))
            hour += HOUR
        return json_response({"code": 200, "status": "success", "data": steps})

    def _allocations(self, start: datetime, end: datetime) -> Json:
        window = {"start": _stamp(start), "end": _stamp(end)}
        held = list(self.state.usage(start, end))
        found = [_allocation(number, one, window) for number, one in enumerate(held)]
        clusters = {one.cluster for one in held} | {one.cluster for one in self.state.capacity(start, end)}
        found += [_system(cluster, window) for cluster in sorted(clusters)]
        idle: dict[str, Decimal] = defaultdict(Decimal)
        for (cluster, _type, _class), hours in self.state.spare(start, end).items():
            idle[cluster] += hours
        found += [_idle(cluster, hours, window) for cluster, hours in idle.items()]
        return {one["name"]: one for one in found}

    def _assets(self, request: Request) -> Response:
        start, end = _window(request)
        nodes: dict[tuple[str, Kind], Decimal] = defaultdict(Decimal)
        for one in self.state.usage(start, end):
            nodes[one.node, (one.cluster, one.gpu_type, one.pricing_class)] += gpu_hours(one)
        for kind, hours in self.state.spare(start, end).items():
            nodes["-".join(("spare", *kind)), kind] += hours
        window = {"start": _stamp(start), "end": _stamp(end)}
        assets = {
            f"{kind[0]}/Node/{name}": _node(name, kind, hours, window)
            for (name, kind), hours in nodes.items()
        }
        return json_response({"code": 200, "status": "success", "data": assets})


def _window(request: Request) -> tuple[datetime, datetime]:
    first, comma, last = request.arg("window").partition(",")
    if not comma:
        raise HttpError(400, "Invalid 'window' parameter: this stand-in wants two times")
    return moment(first), moment(last)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _round(value: Decimal) -> float:
    return round(float(value), 5)


def _allocation(number: int, one: UsageRecord, window: Json) -> Json:
    pod = one.workload or f"pod-{number}"
    name = "/".join((one.cluster, one.node, one.namespace, pod, one.container or "main"))
    hours = gpu_hours(one)
    return {
        "name": f"{name}-{number}",
        "properties": {
            "cluster": one.cluster, "node": one.node, "container": one.container, "controller": pod,
            "controllerKind": "job", "namespace": one.namespace, "pod": pod, "services": None,
            "labels": {mangled(key): value for key, value in one.labels.items()} or None,
            "namespaceLabels": {"kubernetes_io_metadata_name": one.namespace},
        },
        "window": window,
        "start": _stamp(one.start),
        "end": _stamp(one.end),
        "minutes": (one.end - one.start).total_seconds() / 60,
        "gpuCount": _round(one.gpus), "gpuHours": _round(hours), "gpuCost": _round(hours * PRICE),
        "gpuCostAdjustment": 0, "gpuCostIdle": 0, "gpuEfficiency": None,
        "gpuAllocation": {
            "gpuDevice": "nvidia0", "gpuModel": one.gpu_type, "gpuUUID": one.gpu, "isGPUShared": one.gpus < 1,
            "gpuUsageAverage": 0, "gpuRequestAverage": _round(one.gpus),
        },
    }  # fmt: skip


def _system(cluster: str, window: Json) -> Json:
    """Something runs in every cluster."""
    properties = {"cluster": cluster, "node": "cpu-1", "namespace": "kube-system", "pod": "coredns-0"}
    name = f"{cluster}/cpu-1/kube-system/coredns-0/coredns"
    return _bare(name, properties, window) | {"gpuCount": 0, "gpuHours": 0, "gpuCost": 0}


def _idle(cluster: str, hours: Decimal, window: Json) -> Json:
    return _bare(f"{cluster}/__idle__", {"cluster": cluster}, window) | {
        "gpuCount": 0, "gpuHours": 0, "gpuCost": _round(hours * PRICE)
    }  # fmt: skip


def _bare(name: str, properties: Json, window: Json) -> Json:
    return {
        "name": name, "properties": properties, "window": window, "start": window["start"],
        "end": window["end"], "minutes": 60, "gpuEfficiency": None, "gpuAllocation": None,
    }  # fmt: skip


def _node(name: str, kind: Kind, hours: Decimal, window: Json) -> Json:
    cluster, gpu_type, bought = kind
    return {
        "type": "Node",
        "properties": {"category": "Compute", "service": "Kubernetes", "cluster": cluster, "name": name},
        "labels": {"label_cloud_google_com_gke_accelerator": gpu_type},
        "window": window, "start": window["start"], "end": window["end"], "minutes": 60,
        "GPUHours": _round(hours), "preemptible": 1 if bought == "spot" else 0, "gpuCost": _round(hours * PRICE),
    }  # fmt: skip
