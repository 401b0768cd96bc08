"""Each kind of target beside its stand-in, as the fault run needs it: made fresh for a run, read by an oracle."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from grants.catalogue.models import Cluster, Image, Registry
from grants.connectors.base import Connector, Entry, Layout
from grants.connectors.tests import google_case, harbor_world, kubernetes_cases
from grants.connectors.tests.contract import TARGET
from grants.directory.models import Person
from portal.sandbox.faults import Schedule
from portal.sandbox.google.app import GoogleStandin, running_google
from portal.sandbox.harbor.seeding import IMAGES as HARBOR_IMAGES


@dataclass
class Outside:
    """One kind of target. `connect` makes the connector of a process that remembers nothing.

    `repositories`: what images of the target are called; `truth` and `undo`: as in the contract; `foreign`: a picture
    of what is not ours; `wait`: let the target's own time pass; `know`: the people of a run;
    `look_into`: which namespace `truth` and `undo` are about from now on.
    """

    kind: str
    schedule: Callable[[], Schedule]
    connect: Callable[[], Connector]
    layout: Layout
    repositories: Sequence[str]
    truth: Callable[[Entry], bool]
    undo: Callable[[Entry], None]
    foreign: Callable[[], Any]
    wait: Callable[[float], None]
    know: Callable[[Sequence[Person]], None] = lambda people: None
    look_into: Callable[[str], None] = lambda namespace: None

    def make_target(self) -> None:
        """The rows of the target and of its images."""
        if self.kind == "kubernetes":
            Cluster.objects.get_or_create(key=TARGET, defaults={"name": "Cluster"})
            registry = _registry("reg", "distribution", "reg.example")
        else:
            registry = _registry(TARGET, self.kind, f"{self.kind}.example")
        for name in self.repositories:
            repository = name.removeprefix("reg.example/")
            Image.objects.get_or_create(registry=registry, repository=repository)


@contextmanager
def outside(kind: str) -> Iterator[Outside]:
    """The target of this kind, running."""
    with {"harbor": _harbor, "google": _google, "kubernetes": _kubernetes}[kind]() as made:
        yield made


@contextmanager
def _harbor() -> Iterator[Outside]:
    with harbor_world.world(timeout=0.2) as there:
        yield Outside(
            "harbor",
            lambda: there.harbor.schedule,
            lambda: there.connector,
            there.layout,
            (HARBOR_IMAGES[0], HARBOR_IMAGES[1], HARBOR_IMAGES[3]),
            there.truth,
            there.undo,
            there.foreign,
            there.wait,
        )


@contextmanager
def _google() -> Iterator[Outside]:
    people = google_case.Directory({})
    app = GoogleStandin(google_case.seeded_state())
    with running_google(app) as endpoints:
        there = google_case.Google(app, endpoints, google_case.OPTIONS, people)

        def wait(seconds: float) -> None:
            app.state.offset += seconds

        def know(rows: Sequence[Person]) -> None:
            people.known = {row.label: [row.addresses.get(primary=True).address] for row in rows}

        yield Outside(
            "google",
            lambda: app.schedule,
            there.connector,
            google_case.case_of(there).layout,
            google_case.IMAGES,
            there.truth,
            there.undo,
            there.foreign,
            wait,
            know,
        )


@contextmanager
def _kubernetes() -> Iterator[Outside]:
    with kubernetes_cases.bench() as bench:
        case = bench.case

        def undo(_entry: Entry) -> None:
            rows = bench.app.state.rows
            for path in [path for path in rows if path.startswith(f"{bench.bindings}/purser-")]:
                del rows[path]

        def look_into(namespace: str) -> None:
            bench.namespace = namespace

        yield Outside(
            "kubernetes",
            lambda: bench.app.schedule,
            bench.connect,
            case.layout,
            kubernetes_cases.IMAGES[:2],
            case.truth,
            undo,
            case.foreign,
            lambda seconds: None,
            look_into=look_into,
        )


def _registry(key: str, kind: str, host: str) -> Registry:
    named = {"name": key, "kind": kind, "host": host, "api_url": f"http://{host}", "service": key}
    return Registry.objects.get_or_create(key=key, defaults=named)[0]
