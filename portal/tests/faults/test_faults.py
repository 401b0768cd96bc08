"""Seeded runs against each kind of target: no invariant breaks, whatever fails and whoever is killed.

PURSER_FAULTS says how many seeds are run at each kind, PURSER_FAULTS_FROM the first of them.
"""

import os
import sys

import pytest
from django.utils import timezone

from audit.ledger.verify import verify_log
from grants.delivery import drift, targets, worker
from grants.delivery.services import plan_rows
from grants.delivery.tests.fake import FakeConnector
from grants.lifecycle.signals import grant_changed
from portal.tests.faults.outside import outside
from portal.tests.faults.run import Killer, Run, Violation

SEEDS = int(os.environ.get("PURSER_FAULTS", "2"))
FIRST = int(os.environ.get("PURSER_FAULTS_FROM", "1"))
KINDS = ("harbor", "google", "kubernetes")
KEPT = {"harbor": (10582,)}
"""Seeds that something was learnt from, run each time. 10582: two grants to one place, the second on its way out."""
pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def killer(monkeypatch):
    made = Killer()
    monkeypatch.setattr(worker, "reach", made.reach)
    monkeypatch.setattr(drift, "reach", made.reach)
    return made


@pytest.fixture
def there(request, monkeypatch):
    with outside(request.param) as made:
        now = {"connector": made.connect()}
        monkeypatch.setattr(
            targets,
            "_factories",
            {made.kind: lambda row: now["connector"], "distribution": lambda row: FakeConnector()},
        )
        monkeypatch.setattr(targets, "_layouts", {made.kind: lambda row: made.layout})
        monkeypatch.setattr(targets, "_principals", [])
        made.make_target()
        yield made, lambda: now.update(connector=made.connect())


@pytest.fixture
def planned():
    def follow(grant_id, now, **_kwargs):
        plan_rows(grant_id=grant_id, now=now)

    # The house's own receivers write notices and wake workers: neither belongs to what is tried here.
    before, grant_changed.receivers = grant_changed.receivers, []
    grant_changed.sender_receivers_cache.clear()
    grant_changed.connect(follow)
    yield
    grant_changed.receivers = before
    grant_changed.sender_receivers_cache.clear()


@pytest.mark.parametrize("there", KINDS, indirect=True)
def test_no_invariant_breaks_under_faults_and_kills(there, killer, planned, capsys):
    made, reconnect = there
    broken, late, schedules, now = {}, [], 0, timezone.now()
    seeds = {**dict.fromkeys(KEPT.get(made.kind, ())), **dict.fromkeys(range(FIRST, FIRST + SEEDS))}
    for seed in seeds:
        run = Run(seed, made, killer, reconnect, now)
        try:
            run.go()
        except Violation as error:
            broken[seed] = str(error)
            break
        late += [] if run.prompt else [seed]
        schedules += run.schedules
        now = run.now  # time goes on from run to run, for the rows of earlier ones are still there
    with capsys.disabled():
        sys.stdout.write(
            f"\n{made.kind}: {len(seeds)} seeds, {schedules} schedules of faults, {killer.kills} kills, "
            f"late {late}, broken {broken}\n"
        )
    assert broken == {}
    assert len(late) <= max(1, len(seeds) // 100)
    assert verify_log().events > 0
