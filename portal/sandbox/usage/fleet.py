"""Who uses GPUs in a made-up organisation, and which GPUs there are."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property


@dataclass(frozen=True)
class Tenant:
    """A project that runs jobs: `images` are (reference, digest), `weight` its share of all use.

    `labelled` False: its pods carry no labels of ours, only their namespace tells whose they are.
    """

    team: str
    project: str
    namespace: str
    people: tuple[str, ...]
    images: tuple[tuple[str, str], ...]
    weight: int = 1
    labelled: bool = True


@dataclass(frozen=True)
class Node:
    """A machine with GPUs. `parts` 4: each GPU is shared by four; `gang`: whole-machine jobs only."""

    name: str
    gpu_type: str
    gpus: int
    pricing_class: str = "on_demand"
    parts: int = 1
    gang: bool = False
    owner: str = ""
    """The project that alone may use it (a reservation); "" for everybody."""


@dataclass(frozen=True)
class Cluster:
    """A cluster and its machines."""

    name: str
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Runaway:
    """A job that somebody forgot: it holds every GPU of one node, busy, from `first` up to `after`."""

    node: str
    project: str
    person: str
    first: date
    after: date


@dataclass(frozen=True, eq=False)
class Fleet:
    """Everything use is made from. `missing` are UTC days of which the sources know nothing."""

    seed: int
    tenants: tuple[Tenant, ...]
    clusters: tuple[Cluster, ...]
    runaways: tuple[Runaway, ...] = ()
    missing: frozenset[date] = field(default_factory=frozenset)

    @cached_property
    def slots(self) -> tuple["Slot", ...]:
        """Everything that one job at a time can hold."""
        return tuple(
            slot
            for cluster in self.clusters
            for node in cluster.nodes
            for slot in slots_of(cluster.name, node)
        )


@dataclass(frozen=True, eq=False)
class Slot:
    """A GPU, a part of one, or a whole machine; `gpu` is empty for a machine."""

    cluster: str
    node: Node
    gpu: str
    part: int

    @property
    def name(self) -> str:
        """What makes it different from every other."""
        return f"{self.cluster}/{self.node.name}/{self.gpu}/{self.part}"


def slots_of(cluster: str, node: Node) -> Iterator[Slot]:
    """The slots of one machine."""
    if node.gang:
        yield Slot(cluster, node, "", 0)
        return
    for number in range(node.gpus):
        for part in range(node.parts):
            yield Slot(cluster, node, gpu_name(cluster, node.name, number), part)


def gpu_name(cluster: str, node: str, number: int) -> str:
    """The name NVIDIA's driver would give the GPU: stable for a machine and place."""
    text = hashlib.sha256(f"{cluster}/{node}/{number}".encode()).hexdigest()
    return f"GPU-{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"
