"""OpenCost's answer to `GET /assets`: nodes, their GPUs, types and ways of buying, for one step. Pure.

Source: OpenCost `pkg/kubecost/asset_json.go` and its documentation of `/assets`: `data` is a map of assets by name
(older: a list of such maps); nodes have `type: "Node"`, `GPUHours`, `gpuCount`, `preemptible`, and the node's labels
as `label_<mangled>`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from audit.costs.records import CapacityRecord, PricingClass
from audit.costs.sources import gpus, limits, values
from audit.costs.sources.errors import Malformed


@dataclass(frozen=True, slots=True)
class Node:
    """The GPUs of one node in one step: `hours` there, of one type."""

    name: str
    cluster: str
    gpu_type: str
    pricing_class: str
    hours: Decimal


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """The nodes with GPUs of one span. `asked` False: nothing is known about capacity; `known`: about nodes at all."""

    nodes: tuple[Node, ...] = ()
    asked: bool = False
    known: bool = False
    types: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)

    def capacity(self, start: datetime, end: datetime, cluster: str) -> list[CapacityRecord]:
        """GPUs that were there, node by node."""
        length = values.hours_between(start, end)
        return [
            CapacityRecord(
                start,
                end,
                (cluster or one.cluster)[: limits.CLUSTER],
                one.gpu_type,
                (one.hours / length).quantize(values.PLACES),
                one.pricing_class,
            )
            for one in self.nodes
        ]


def read_nodes(document: object, *, gpu_type: str = "", reserved: Sequence[str] = ()) -> NodeFacts:
    """The nodes with GPUs. `gpu_type`: of those that do not say. Raises Malformed.

    `reserved`: names of nodes, `*` standing for any text, that were bought by reservation: OpenCost cannot know.
    """
    if not isinstance(document, dict) or not isinstance(document.get("data"), dict | list):
        raise Malformed("OpenCost answered something else than a list of assets.")
    data = document["data"]
    maps = data if isinstance(data, list) else [data]
    nodes = tuple(_bought(one, reserved) for one in _nodes(maps, gpu_type))
    return NodeFacts(
        nodes,
        asked=True,
        known=True,
        types={one.name: one.gpu_type for one in nodes if one.gpu_type != gpus.UNKNOWN},
        classes={one.name: one.pricing_class for one in nodes},
    )


def _bought(node: Node, reserved: Sequence[str]) -> Node:
    if any(fnmatchcase(node.name, pattern) for pattern in reserved):
        return replace(node, pricing_class=PricingClass.RESERVED)
    return node


def _nodes(maps: list[Any], gpu_type: str) -> Iterator[Node]:
    for assets in maps:
        for asset in assets.values() if isinstance(assets, dict) else ():
            if isinstance(asset, dict) and asset.get("type") == "Node":
                yield from _node(asset, gpu_type)


def _node(asset: dict[str, Any], gpu_type: str) -> Iterator[Node]:
    hours = _hours(asset)
    if not hours:
        return
    said, labels = asset.get("properties"), asset.get("labels")
    properties = said if isinstance(said, dict) else {}
    named = {str(name): str(value) for name, value in labels.items()} if isinstance(labels, dict) else {}
    kind = gpus.type_in(named, prefix="label_") or gpu_type or gpus.UNKNOWN
    spot = str(asset.get("preemptible") or 0) not in ("0", "0.0", "False", "false")
    yield Node(
        name=str(properties.get("name", "")),
        cluster=str(properties.get("cluster", "")),
        gpu_type=kind[: limits.GPU_TYPE],
        pricing_class=PricingClass.SPOT if spot else PricingClass.ON_DEMAND,
        hours=hours,
    )


def _hours(asset: dict[str, Any]) -> Decimal:
    """GPU hours, else the count of GPUs times the node's minutes."""
    try:
        said = asset.get("GPUHours", asset.get("gpuHours"))
        if said is not None:
            found = values.amount(said)
        else:
            found = values.amount(asset.get("gpuCount") or 0) * values.amount(asset.get("minutes") or 0) / 60
    except values.Unreadable:
        raise Malformed("OpenCost names a number of GPU hours that is none.") from None
    if found < 0:
        raise Malformed("OpenCost names a negative number of GPU hours.")
    return found
