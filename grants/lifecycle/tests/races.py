"""Barrier races of expire, extend and revoke on one grant: whoever comes first wins, and there is one event."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from threading import Barrier

from django.db import connection

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.directory.testing import make_person
from grants.lifecycle.clock import database_time
from grants.lifecycle.errors import GrantConflict
from grants.lifecycle.models import Grant
from grants.lifecycle.services import extend, revoke
from grants.lifecycle.testing import make_grant
from grants.lifecycle.windows import expire

RACERS = ("expire", "extend", "revoke")
KINDS = {
    "expire": "grants.grant.expired",
    "extend": "grants.grant.extended",
    "revoke": "grants.grant.revoked",
}
AFTER = {"expire": "revoking", "extend": "active", "revoke": "revoking"}


@dataclass
class Tally:
    """How often each racer won, and every race that did not end with one winner and its one event."""

    wins: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def races(number: int, *, seed: int = 1) -> Tally:
    """Run so many races, the end of the grant falling into the first milliseconds of each."""
    tally, chance, barrier = Tally(), Random(seed), Barrier(len(RACERS))  # noqa: S311 - no secret, a schedule
    people, images = [make_person("racer")], [make_image("races/base")]
    with ThreadPoolExecutor(len(RACERS)) as pool:
        for _ in range(number):
            grant = make_grant(members=people, images=images)
            grant.ends = database_time() + timedelta(milliseconds=chance.uniform(2, 20))
            grant.save(update_fields=["ends"])
            order = chance.sample(RACERS, len(RACERS))
            lanes = [pool.submit(_run, barrier, racer, Grant.objects.get(pk=grant.pk)) for racer in order]
            won = [racer for racer, lane in zip(order, lanes, strict=True) if lane.result()]
            _judge(grant, won, tally)
        closing = Barrier(len(RACERS))
        for lane in [pool.submit(_close, closing) for _ in RACERS]:
            lane.result()
    return tally


def _judge(grant: Grant, won: list[str], tally: Tally) -> None:
    kinds = list(Event.objects.filter(subject=grant.label).values_list("kind", flat=True))
    grant.refresh_from_db()
    if len(won) != 1 or kinds != [KINDS[won[0]]] or grant.status != AFTER[won[0]]:
        tally.faults.append(f"{grant}: won {won}, recorded {kinds}, now {grant.status}")
    tally.wins.update(won)


def _run(barrier: Barrier, racer: str, grant: Grant) -> bool:
    connection.ensure_connection()
    barrier.wait(10)
    return _ACTS[racer](grant)


def _extend(grant: Grant) -> bool:
    by = operator("extender")
    return _wins(lambda: extend(grant=grant, ends=grant.ends + timedelta(days=1), by=by, now=database_time()))


def _revoke(grant: Grant) -> bool:
    return _wins(lambda: revoke(grant=grant, note="", by=operator("revoker"), now=database_time()))


def _wins(act: Callable[[], Grant]) -> bool:
    try:
        act()
    except GrantConflict:
        return False
    return True


_ACTS: dict[str, Callable[[Grant], bool]] = {
    "expire": lambda grant: expire(grant.pk),
    "extend": _extend,
    "revoke": _revoke,
}


def _close(closing: Barrier) -> None:
    closing.wait(10)
    connection.close()
