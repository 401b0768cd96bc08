"""The demo's GPUs and who uses them: told by its OpenCost and Prometheus, and filled in for the past. Pure."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import cache

from portal.sandbox.organisation.images import SAMPLES
from portal.sandbox.organisation.people import CAN_SIGN_IN, FRAUD, LANGUAGE, VISION, residents
from portal.sandbox.usage.fleet import Cluster, Fleet, Node, Runaway, Tenant

CLUSTER = "gpu-cluster"
RESERVED_BY = "chat-assistant"
RESERVATION = "chat-assistant H100"
USED = {
    "anti-fraud-v2": (FRAUD, ("tensorflow-2.13-gpu", "triton-serving"), 5),
    "fraud-graph": (FRAUD, ("pytorch-2.5-cuda",), 2),
    "defect-v2": (VISION, ("yolo-v9", "pytorch-2.5-cuda"), 6),
    "ocr-pipeline": (VISION, ("yolo-v9",), 1),
    "chat-assistant": (LANGUAGE, ("llm-finetune", "pytorch-2.5-cuda"), 4),
}
"""By project: its team, the images it runs, and its share of the use."""
NODES = (
    Node("gpu-a", "l40s", 4), Node("gpu-b", "l40s", 4), Node("gpu-c", "l40s", 4, "spot"),
    Node("gpu-notebooks", "a100", 2, parts=4),
    Node("gpu-h100", "h100", 8, "reserved", gang=True, owner=RESERVED_BY),
)  # fmt: skip
YEARS = range(2025, 2036)


@cache
def demo_fleet(registry: str) -> Fleet:
    """The fleet, with images as `registry` (host and port) serves them."""
    digests = {one.repository.removeprefix("ai/"): one.build().digest for one in SAMPLES}
    tenants = tuple(
        Tenant(
            team, project, project, tuple(_people(team)),
            tuple((f"{registry}/ai/{name}:stable", digests[name]) for name in names), weight,
            labelled=project != "ocr-pipeline",
        )
        for project, (team, names, weight) in USED.items()
    )  # fmt: skip
    stray = Tenant("", "", "scratch", ("nobody",), tenants[0].images, 1, labelled=False)
    return Fleet(2026, (*tenants, stray), (Cluster(CLUSTER, NODES),), _runaways(), _missing())


def _people(team: str) -> Iterable[str]:
    mine = [
        one.user_name for one in residents() if any(word.startswith(f"team:{team}") for word in one.words)
    ]
    known = {one.user_name for one in CAN_SIGN_IN}
    return sorted(mine, key=lambda name: (name not in known, mine.index(name)))[:9]


def _runaways() -> tuple[Runaway, ...]:
    """Every other month somebody forgets a job for four days, from the second Tuesday on."""
    found = []
    for year in YEARS:
        for month in range(1, 13, 2):
            first = date(year, month, 8)
            tuesday = first + timedelta(days=(1 - first.weekday()) % 7)
            over = tuesday + timedelta(days=4)
            found += [Runaway(node, "defect-v2", "yuki.tanaka", tuesday, over) for node in ("gpu-a", "gpu-b")]
    return tuple(found)


def _missing() -> frozenset[date]:
    """The cluster's metrics were down on the 17th of every even month."""
    return frozenset(date(year, month, 17) for year in YEARS for month in range(2, 13, 2))


def half_a_year_before(now: datetime) -> datetime:
    """The first hour of what the demo fills in: the first of the month, five months back."""
    month = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(5):
        month = (month - timedelta(days=1)).replace(day=1)
    return month
