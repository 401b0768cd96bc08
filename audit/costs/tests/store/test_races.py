"""Writers of the same days wait for each other, and a death between any two steps leaves the old or the new."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from audit.costs import intake
from audit.costs.checks import check_costs
from audit.costs.models import Load, RateRevision, Slice, Source, TeamDay, Usage
from audit.costs.rates import RateChange, publish_rates
from audit.costs.rebuilding import rebuild_costs
from audit.costs.tests.store.building import (
    ADA,
    FIRST,
    HOUR,
    NOW,
    START,
    bring,
    capacity,
    publish,
    reading,
    use,
)
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db(transaction=True)
H = 3_600_000


@pytest.fixture
def source(transactional_db: None) -> Source:
    """Where files come from."""
    return Source.objects.create(key="files", kind="csv", name="Files")


def together(*steps: Callable[[], object]) -> None:
    def run(step: Callable[[], object]) -> None:
        try:
            step()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(steps)) as pool:
        list(pool.map(run, steps))


def wrong() -> list[str]:
    return [f"{one.kind} {one.subject}" for one in check_costs(first=None, last=None, by=ADA, now=NOW)]


def test_loads_of_one_day_by_one_source_leave_one_of_them(source: Source):
    said = [[use(workload=f"{turn}-{n}") for n in range(40)] for turn in range(4)]
    together(*(lambda one=one: bring(source, reading(*one)) for one in said))
    assert TeamDay.objects.get().held_ms == 40 * H
    assert (
        len({row.partition("-")[0] for row in Usage.objects.values_list("place__workload", flat=True)}) == 1
    )
    assert (Load.objects.count(), Slice.objects.filter(rows=40).count()) == (4, 1)
    assert wrong() == []


def test_loads_of_one_day_by_several_sources_add_up(source: Source):
    sources = [source, *(Source.objects.create(key=f"s{n}", kind="csv", name="S") for n in range(3))]
    said = [reading(use(cluster=f"c{n}", gpu_type="new")) for n in range(4)]
    together(*(lambda one=one, n=n: bring(one, said[n]) for n, one in enumerate(sources)))
    assert sum(TeamDay.objects.values_list("held_ms", flat=True)) == 4 * H
    assert wrong() == []


def test_a_load_never_misses_a_price_published_beside_it(source: Source):
    publish("1")
    change = RateChange("l40s", FIRST, Decimal(5))
    together(
        lambda: bring(source, reading(*(use(workload=f"w{n}") for n in range(60)))),
        lambda: publish_rates(changes=[change], reason="x", expected_version=1, by=ADA, now=NOW),
        lambda: bring(source, reading(use(START), start=START)),
    )
    assert set(Usage.objects.values_list("rate", flat=True)) == {Decimal(5)}
    assert wrong() == []


def test_a_rebuild_beside_loads_changes_nothing(source: Source):
    publish("1")
    bring(source, reading(use()))
    together(
        lambda: list(rebuild_costs(first=None, last=None, by=ADA, now=NOW)),
        lambda: bring(source, reading(use(), use(START + HOUR))),
        lambda: list(rebuild_costs(first=None, last=None, by=ADA, now=NOW)),
    )
    assert TeamDay.objects.get().held_ms == 2 * H
    assert wrong() == []


STEPS = ("claim", "ensure_types", "number_dimensions", "use_card", "drop_rows", "keep_slices", "write_rows", "enrich",
         "assign_reservations", "rebuild", "restating", "announce", "record")  # fmt: skip


class Death(Exception):
    """The process ends here."""


def _dies(*_words: object, **_named: object) -> None:
    raise Death


@pytest.mark.parametrize("step", STEPS)
def test_a_death_between_steps_leaves_the_old_and_the_next_try_converges(
    source: Source, monkeypatch: pytest.MonkeyPatch, step: str
):
    publish("1")
    bring(source, reading(use(), capacity(hours=24, gpus="4")))
    state = _state()
    with monkeypatch.context() as patched:
        patched.setattr(intake, step, _dies)
        with pytest.raises(Death):
            bring(source, reading(use(gpus="2"), use(START + HOUR), capacity(hours=24, gpus="4")))
    assert _state() == state
    bring(source, reading(use(gpus="2"), use(START + HOUR), capacity(hours=24, gpus="4")))
    assert TeamDay.objects.get().held_ms == 3 * H
    assert wrong() == []


def _state() -> Sequence[object]:
    rows = Usage.objects.order_by("id").values_list("id", "held_ms", "cost")
    return [
        *rows,
        TeamDay.objects.get().cost,
        Load.objects.count(),
        RateRevision.objects.count(),
        Event.objects.count(),
    ]
