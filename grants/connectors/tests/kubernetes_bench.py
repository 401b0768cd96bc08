"""How fast tenants are made, emptied and looked through on a real API server.

KUBEBUILDER_ASSETS=/path python -m grants.connectors.tests.kubernetes_bench 5000
"""

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from grants.connectors.base import Change, Entry, Holder, Holding, Scope
from grants.connectors.kubernetes import KubernetesConnector
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_secrets import Credentials, PullCredential
from grants.connectors.tests.real_kubernetes import RealCluster, allow_purser, running_cluster

TARGET, THREADS, SAMPLES = "bench", 4, 100
OPTIONS = KubernetesOptions()


def _credential(namespace: str, project: str) -> PullCredential:
    ends = datetime.now(UTC) + timedelta(days=30)
    return PullCredential(("reg.example",), f"robot:{project}", "x" * 40, ends)


def connector(cluster: RealCluster) -> KubernetesConnector:
    """A connector as `purser`, with the documented rights only."""
    return KubernetesConnector(
        target=TARGET,
        configuration=cluster.configuration(),
        options=OPTIONS,
        credentials=Credentials(_credential),
    )


def entry(number: int) -> Entry:
    """A tenant of 5 images."""
    name = f"tenant-{number}"
    given = Holding(
        grant=number, project=name, team="bench", role="developer", holders=(Holder("person:1", "a@example.com"),),
        images=tuple(f"reg.example/{name}/image-{n}" for n in range(5)),
        ends=datetime.now(UTC) + timedelta(days=90), namespace=name, gpus=4,
    )  # fmt: skip
    layout = KubernetesLayout(target=TARGET, options=OPTIONS)
    found = layout.entry(layout.places(given)[0], [given])
    assert found is not None
    return found


def _milliseconds(times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    at = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return {"p50 ms": round(statistics.median(ordered) * 1000, 1), "p99 ms": round(at * 1000, 1)}


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def make_one_by_one(speaker: KubernetesConnector, numbers: Sequence[int]) -> dict[str, float]:
    """Decision to usable: apply until proven by a pod admitted."""
    times = []
    for number in numbers:
        took, outcome = _timed(lambda: speaker.apply(Change("apply", entry(number))))  # noqa: B023
        assert outcome.proven, outcome.detail
        times.append(took)
    return _milliseconds(times)


def _pod(http: httpx.Client, number: int) -> int:
    spec = {
        "serviceAccountName": "purser-pull",
        "containers": [{"name": "a", "image": f"reg.example/tenant-{number}/image-0:1"}],
    }
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "trial"}, "spec": spec}
    path = f"/api/v1/namespaces/tenant-{number}/pods"
    return http.post(path, json=pod, params={"dryRun": "All"}).status_code


def end_one_by_one(
    cluster: RealCluster, speaker: KubernetesConnector, numbers: Sequence[int]
) -> dict[str, Any]:
    """Decision to refused, seen by somebody else's pods; and to proven."""
    refused, proven = [], []
    with cluster.http() as http:
        for number in numbers:
            assert _pod(http, number) == 201
            seen: list[float] = []

            def watch(number: int = number, seen: list[float] = seen) -> None:
                until = time.perf_counter() + 10
                while _pod(http, number) == 201 and time.perf_counter() < until:
                    time.sleep(0.001)
                seen.append(time.perf_counter())

            start = time.perf_counter()
            thread = threading.Thread(target=watch)
            thread.start()
            outcome = speaker.remove(Change("remove", entry(number)))
            proven.append(time.perf_counter() - start)
            thread.join()
            assert outcome.proven, outcome.detail
            refused.append(seen[0] - start)
    return {"refused": _milliseconds(refused), "proven": _milliseconds(proven)}


def make_many(cluster: RealCluster, count: int) -> float:
    """Make tenants 0 to `count` in threads with a connector each; seconds."""
    here = threading.local()

    def one(number: int) -> None:
        speaker = here.__dict__.setdefault("speaker", None) or connector(cluster)
        here.speaker = speaker
        assert speaker.apply(Change("apply", entry(number))).proven

    start = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(one, range(count)))
    return time.perf_counter() - start


def pods_judged(cluster: RealCluster, number: int) -> dict[str, float]:
    """What a pod's creation (as a dry run) takes."""
    with cluster.http() as http:
        return _milliseconds([_timed(lambda: _pod(http, number))[0] for _ in range(SAMPLES)])


def measure(cluster: RealCluster, count: int, say: Callable[[str], object]) -> None:
    """Everything, said line by line."""
    speaker = connector(cluster)
    speaker.apply(Change("apply", entry(count)))
    say(f"pod judged, 1 tenant: {pods_judged(cluster, count)}")
    say(f"tenant ready, one by one: {make_one_by_one(speaker, range(count + 1, count + 1 + SAMPLES))}")
    took = make_many(cluster, count)
    say(f"{count} tenants made by {THREADS} threads in {took:.1f} s, {count / took:.1f} a second")
    say(f"pod judged, {count} tenants: {pods_judged(cluster, 0)}")
    took, found = _timed(lambda: speaker.observe(Scope(TARGET)))
    assert all(not one.values("amiss") for one in found)
    say(f"scan of {len(found)} tenants: {took:.1f} s")
    took, _ = _timed(lambda: speaker.foreign(Scope(TARGET)))
    say(f"foreign entries among them: {took:.1f} s")
    ends = end_one_by_one(cluster, speaker, range(count + 1, count + 1 + SAMPLES))
    say(f"end to refused, {count} tenants beside: {ends['refused']}; to proven: {ends['proven']}")
    again = make_one_by_one(speaker, range(count + 1, count + 1 + SAMPLES))
    say(f"tenant ready again, {count} tenants beside: {again}")


def main() -> None:
    """Measure with as many tenants as the argument says."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as folder, running_cluster(Path(folder)) as cluster:
        allow_purser(cluster)
        measure(cluster, count, lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush()))


if __name__ == "__main__":
    main()
