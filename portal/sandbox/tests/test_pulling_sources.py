"""The whole way: sources asked over their wire, through seeded faults, into rows whose sums are those of the use."""

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from audit.costs.models import Capacity, ClusterClaim, DayTotal, Source, Usage
from audit.costs.pulling import pull_due
from portal.sandbox.faults import FaultKind, seeded
from portal.sandbox.metering import Meter, gpu_hours
from portal.sandbox.opencost.app import OpenCost
from portal.sandbox.prometheus.app import Prometheus
from portal.sandbox.standin import running
from portal.sandbox.usage import Cluster, Fleet, Node, Tenant

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]

FRAUD = Tenant("fraud", "anti-fraud", "anti-fraud", ("alice",), (("host/train:1", "sha256:" + "a" * 64),))
NODES = (Node("n1", "l40s", 4), Node("n3", "l40s", 1, parts=4))
METER = Meter.of_fleet(Fleet(11, (FRAUD,), (Cluster("gpu-eu", NODES),)))
HOUR = timedelta(hours=1)
NOW = datetime(2026, 9, 2, 10, 5, tzinfo=UTC)
FIRST, LAST = datetime(2026, 9, 2, 4, tzinfo=UTC), datetime(2026, 9, 2, 10, tzinfo=UTC)
MS = 3_600_000
FAILS = (FaultKind.THROTTLED, FaultKind.BROKEN, FaultKind.RESET, FaultKind.STALE)


@pytest.fixture
def outside():
    with ExitStack() as stack:
        made = {"opencost": OpenCost(METER), "prometheus": Prometheus(METER)}
        for kind, standin in made.items():
            facts = ["activity"] if kind == "prometheus" else ["usage", "capacity"]
            options = {"url": stack.enter_context(running(standin)), "facts": facts}
            Source.objects.create(
                key=kind, kind=kind, name=kind, options=options, cursor=FIRST + 2 * HOUR, next_attempt_at=NOW
            )
        yield made


def run(times=1):
    """So many runs, each as if every pause had passed."""
    for _ in range(times):
        Source.objects.update(next_attempt_at=NOW)
        assert pull_due(now=NOW) == 2


def measures():
    found = Usage.objects.aggregate(held=Sum("held_ms"), measured=Sum("measured_ms"), active=Sum("active_ms"))
    return found, DayTotal.objects.aggregate(held=Sum("held_ms"))["held"]


def test_what_was_pulled_adds_up_to_the_use(outside):
    run()
    errors = list(Source.objects.values_list("error", flat=True))
    assert errors == ["", ""]
    told = sum((gpu_hours(one) for one in METER.usage(FIRST, LAST)), Decimal(0))
    rows, totals = measures()
    assert abs(rows["held"] - told * MS) < 200  # whole milliseconds of each row
    assert totals == rows["held"]
    assert rows["measured"] == rows["held"]
    assert 0 < rows["active"] <= rows["measured"]
    there = sum((gpu_hours(one) for one in METER.capacity(FIRST, LAST)), Decimal(0))
    assert Capacity.objects.aggregate(ms=Sum("provisioned_ms"))["ms"] == there * MS
    assert set(ClusterClaim.objects.values_list("facts", "source__key")) == {
        ("usage", "opencost"), ("capacity", "opencost"), ("activity", "prometheus")
    }  # fmt: skip


def test_nothing_is_lost_or_counted_twice_by_faults(outside):
    run()
    expected = measures()
    Source.objects.update(cursor=FIRST + 2 * HOUR)
    for seed, standin in enumerate(outside.values()):
        standin.schedule.faults[:] = seeded(seed, count=12, kinds=FAILS).faults
    run(times=15)
    assert all(standin.schedule.over for standin in outside.values())
    assert list(Source.objects.values_list("error", flat=True)) == ["", ""]
    assert measures() == expected


def test_sources_move_on_and_are_complete_up_to_the_look_back(outside):
    run()
    for source in Source.objects.all():
        assert (source.cursor, source.complete_through) == (LAST, LAST - 2 * HOUR)


def test_hours_a_source_keeps_silent_about_are_not_zero(outside):
    outside["opencost"].silence = (FIRST + 2 * HOUR, FIRST + 4 * HOUR)
    run()
    hours = set(Usage.objects.values_list("start__hour", flat=True))
    assert hours.isdisjoint({6, 7})
    assert not Capacity.objects.filter(hour__gte=FIRST + 2 * HOUR, hour__lt=FIRST + 4 * HOUR).exists()
