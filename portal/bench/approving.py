"""From an approval to a token that opens the image, and from a revoke to one that does not."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import quantiles

import httpx
import jwt
from django.utils import timezone

from approvals.requests.testing import Scene, decide_as, make_request, make_scene
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import grants_of
from grants.lifecycle.services import revoke
from portal.bench.house import running_web
from portal.bench.people import BENCH, Puller, basic_of, make_bench_registry
from portal.cli.errors import DemoError

PATIENCE = 10.0


@dataclass(frozen=True)
class ApprovalFigures:
    """Milliseconds for half and for 99 of 100 rounds."""

    usable50: float
    usable99: float
    refused50: float
    refused99: float


def measure_approvals(*, rounds: int) -> ApprovalFigures:
    """Each round: a new person, a request, the last approval, a token that opens; a revoke, one that does not."""
    make_bench_registry()
    scene = make_scene()
    with running_web() as web, httpx.Client(base_url=web.url, trust_env=False) as http:
        times = [_round(scene, number, http) for number in range(rounds)]
    usable, refused = (_half_and_most(column) for column in zip(*times, strict=True))
    return ApprovalFigures(*usable, *refused)


def _round(scene: Scene, number: int, http: httpx.Client) -> tuple[float, float]:
    person = make_person(f"approved{number:04}")
    puller = Puller(basic_of(person, now=timezone.now()), scene.image.repository)
    request = make_request(scene, members=[person])
    if _opens(http, puller):
        raise DemoError("A token opened the image before the approval.")
    usable = _timed(lambda: decide_as(scene.people.mia, request, "mlops"), lambda: _opens(http, puller))
    grant = grants_of(request.label).get()
    refused = _timed(lambda: _revoke(grant), lambda: not _opens(http, puller))
    return usable, refused


def _timed(act: Callable[[], object], seen: Callable[[], bool]) -> float:
    act()
    began = time.perf_counter()
    while not seen():
        if time.perf_counter() - began > PATIENCE:
            raise DemoError("What was decided was not felt in ten seconds.")
    return (time.perf_counter() - began) * 1000


def _revoke(grant: Grant) -> None:
    revoke(grant=grant, note="", by=BENCH, now=timezone.now())


def _opens(http: httpx.Client, puller: Puller) -> bool:
    answer = http.get(puller.path, headers={"Authorization": puller.header}).raise_for_status()
    return bool(jwt.decode(answer.json()["token"], options={"verify_signature": False})["access"])


def _half_and_most(milliseconds: tuple[float, ...]) -> tuple[float, float]:
    cuts = quantiles(milliseconds, n=100)
    return cuts[49], cuts[98]
