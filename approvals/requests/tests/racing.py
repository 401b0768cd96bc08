"""Races at a barrier: approvers and the requester act on one request in the same instant."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

from django.db import connection
from django.utils import timezone

from approvals.requests import services
from approvals.requests.errors import Conflict
from approvals.requests.models import Decision, Request
from approvals.requests.testing import Scene, make_request
from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.directory.models import Person
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant

RUNNERS = 4
ENDS = {"approve": "approved", "deny": "denied", "withdraw": "withdrawn"}
CODES = {"already_decided", "already_closed"}


@dataclass
class Report:
    """What the races showed: who won how often, what the others were told, and everything that was wrong."""

    won: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def races(scene: Scene, count: int, *, seed: int = 1) -> Report:
    """Run `count` races of four: two approvers and the requester, each with a verb drawn by `seed`.

    One must win, the others must be told a clear conflict, and the ledger must hold one ending.
    """
    draw, report, barrier = random.Random(seed), Report(), Barrier(RUNNERS)  # noqa: S311 - a plan, no secret
    approvers = [scene.people.mia, make_person("max", roles=["approver:mlops"])]
    with ThreadPoolExecutor(RUNNERS) as pool:
        for _ in range(count):
            request = make_request(scene)
            runners = _runners(request, approvers, scene.people.alice, draw)
            answers = list(pool.map(lambda act: _at_once(barrier, act), runners))
            _judge(request, answers, report)
        list(pool.map(lambda _: _leave(barrier), range(RUNNERS)))
    return report


def _runners(
    request: Request, approvers: list[Person], requester: Person, draw: random.Random
) -> list[Callable[[], str]]:
    verbs = [(draw.choice(["approve", "deny"]), person) for person in [*approvers, draw.choice(approvers)]]
    runners = [_deciding(request, verb, person) for verb, person in verbs]
    runners.append(_withdrawing(request, requester))
    draw.shuffle(runners)
    return runners


def _deciding(request: Request, verb: str, person: Person) -> Callable[[], str]:
    def act() -> str:
        services.decide(
            request=request,
            lane="mlops",
            verdict=verb,
            reason="Because",
            revision=request.revision,
            decider=person,
            by=actor_for(person),
            now=timezone.now(),
        )
        return verb

    return act


def _withdrawing(request: Request, requester: Person) -> Callable[[], str]:
    def act() -> str:
        services.withdraw(request=request, by=actor_for(requester), now=timezone.now())
        return "withdraw"

    return act


def _at_once(barrier: Barrier, act: Callable[[], str]) -> str:
    connection.ensure_connection()
    barrier.wait(timeout=30)
    try:
        return act()
    except Conflict as conflict:
        return conflict.code
    except Exception as error:
        return f"fault: {error!r}"


def _leave(barrier: Barrier) -> None:
    barrier.wait(timeout=30)
    connection.close()


def _judge(request: Request, answers: list[str], report: Report) -> None:
    winners = [answer for answer in answers if answer in ENDS]
    report.won.update(winners)
    report.told.update(answer for answer in answers if answer not in ENDS)
    status = Request.objects.get(pk=request.pk).status
    events = Event.objects.filter(
        subject=request.label, kind__in=[f"approvals.request.{e}" for e in ENDS.values()]
    )
    seen = {
        "winners": len(winners),
        "told": {answer for answer in answers if answer not in ENDS} <= CODES,
        "status": status == ENDS.get(winners[0]) if winners else False,
        "events": list(events.values_list("kind", flat=True)),
        "decisions": Decision.objects.filter(lane__request=request).count(),
        "grants": Grant.objects.filter(origin=request.label).count(),
    }
    right = {
        "winners": 1,
        "told": True,
        "status": True,
        "events": [f"approvals.request.{status}"],
        "decisions": 0 if status == "withdrawn" else 1,
        "grants": 1 if status == "approved" else 0,
    }
    if seen != right:
        report.faults.append(f"{request.label}: {answers} {seen}")
