"""One seeded run: what is asked, what fails, where a worker is killed, and what the oracle checks after each step."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

from audit.ledger.actors import operator
from grants.catalogue.models import Image
from grants.connectors.base import Entry, Scope, same_facts
from grants.connectors.tests.contract import TARGET
from grants.delivery import drift, worker
from grants.delivery.entries import about
from grants.delivery.errors import NotAllowed
from grants.delivery.failpoints import POINTS
from grants.delivery.holdings import all_holdings, holding_of
from grants.delivery.models import Attempt, Delivery, Drift
from grants.delivery.services import catch_up
from grants.delivery.states import OPEN, Status
from grants.delivery.targets import target_of
from grants.directory.models import Person, Project
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.errors import GrantError
from grants.lifecycle.models import Grant
from grants.lifecycle.services import extend, issue, remove_member, revoke
from grants.lifecycle.types import IssueImage
from portal.sandbox.faults import seeded
from portal.tests.faults.outside import Outside

BY = operator("root")
STEPS, ROUNDS = 6, 60
PROMPT = timedelta(seconds=30)
LONG = timedelta(hours=3)


class Killed(BaseException):
    """The worker is gone: nothing of it runs on, as after a SIGKILL."""


class Violation(AssertionError):
    """An invariant did not hold."""


@dataclass
class Killer:
    """Kills the worker at the n-th step boundary from now; `left` None: lets it live."""

    left: int | None = None
    kills: int = 0

    def reach(self, point: str) -> None:
        """In the place of `failpoints.reach`."""
        if self.left is None or point not in (*POINTS, *drift.DRIFT_POINTS):
            return
        self.left -= 1
        if self.left < 0:
            self.left = None
            self.kills += 1
            raise Killed


@dataclass
class Run:
    """A run of one seed. `prompt`: whether all that was ours to do was done 30 s after the faults were over.

    `schedules`: how many seeded schedules of faults it met.
    """

    seed: int
    there: Outside
    killer: Killer
    reconnect: Callable[[], None]
    now: datetime = field(default_factory=timezone.now)
    grants: list[int] = field(default_factory=list)
    given: dict[int, list[Entry]] = field(default_factory=dict)
    prompt: bool = False
    schedules: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a run that can be repeated
        team = make_team(f"t{self.there.kind[0]}{self.seed}")
        name = f"{self.there.kind}-{self.seed}"
        # A namespace of its own: one that is used again is held for the project before.
        self.project: Project = make_project(name, team=team, namespace=name, gpu_quota=4)
        self.people: list[Person] = [
            make_person(f"{self.there.kind}-{self.seed}-{n}", member_of=[team]) for n in range(3)
        ]
        self.there.know(self.people)
        self.there.look_into(name)
        self.images = list(Image.objects.filter(registry__key__in=[TARGET, "reg"]).order_by("pk"))

    def go(self) -> None:
        """The whole run. Raises Violation."""
        foreign = self.there.foreign()
        for _ in range(STEPS):
            self._trouble()
            self._act()
            self._work(self.chance.randint(1, 3))
            self._check_ended()
        self._calm_down()
        self._check_settled()
        for pk in self.grants:
            self._guarded(lambda grant: revoke(grant=grant, note="", by=BY, now=self.now), pk)
        self._settle()
        self._check_over(foreign)
        # Images are used again by the next run, and with them places that were differing.
        Drift.objects.all().delete()

    def _trouble(self) -> None:
        if self.chance.random() < 0.7:
            count = self.chance.randint(1, 3)
            self.schedules += 1
            self.there.schedule().faults.extend(seeded(self.chance.randrange(10**9), count=count).faults)
        self.killer.left = self.chance.randint(0, 12) if self.chance.random() < 0.5 else None

    def _act(self) -> None:
        acts = [self._issue, self._issue, self._extend, self._revoke, self._leave, self._rotate, self._drift]
        (self._issue if not self.grants else self.chance.choice(acts))()

    def _issue(self) -> None:
        people = self.chance.sample(self.people, self.chance.randint(1, 2))
        images = self.chance.sample(self.images, self.chance.randint(1, 2))
        grant = issue(
            project=self.project,
            role=self.chance.choice(["viewer", "developer"]),
            starts=timezone.now(),
            ends=self.now + timedelta(days=self.chance.randint(30, 90)),
            members=people,
            images=[IssueImage(image, "latest") for image in images],
            origin=f"fault-run:{self.there.kind}:{self.seed}:{len(self.grants)}",
            environment="research",
            by=BY,
            now=self.now,
        )
        self.grants.append(grant.pk)
        self.given[grant.pk] = self._entries(grant)

    def _entries(self, grant: Grant) -> list[Entry]:
        """What the grant alone would have there."""
        holding = holding_of(grant, _target())
        layout = self.there.layout
        found = (
            layout.entry(place, about(place, holding.project, [holding])) for place in layout.places(holding)
        )
        return [entry for entry in found if entry is not None]

    def _extend(self) -> None:
        later = self.now + timedelta(days=self.chance.randint(91, 120))
        self._guarded(lambda grant: extend(grant=grant, ends=later, by=BY, now=self.now), self._some())

    def _revoke(self) -> None:
        self._guarded(lambda grant: revoke(grant=grant, note="", by=BY, now=self.now), self._some())

    def _leave(self) -> None:
        remove_member(person=self.chance.choice(self.people), by=BY, now=self.now)

    def _rotate(self) -> None:
        Delivery.objects.filter(grant_id__in=self.grants, status=Status.VERIFIED).update(
            next_attempt_at=self.now
        )

    def _drift(self) -> None:
        verified = Delivery.objects.filter(grant_id__in=self.grants, status=Status.VERIFIED, target=TARGET)
        row = verified.order_by("pk").first()
        wanted = self._wanted().get((row.kind, row.key)) if row else None
        if wanted is not None and self.there.truth(wanted):
            self.there.undo(wanted)
        self._scan()

    def _some(self) -> int:
        return self.chance.choice(self.grants)

    def _guarded(self, act: Callable[[Grant], object], pk: int) -> None:
        # A grant that has ended refuses to be extended or revoked: that is an answer, not a fault.
        try:
            act(Grant.objects.get(pk=pk))
        except (GrantError, NotAllowed):
            return

    def _scan(self) -> None:
        with self._mortal():
            drift.scan(_target(), now=self.now)

    def _work(self, rounds: int) -> None:
        for _ in range(rounds):
            with self._mortal():
                catch_up(now=self.now)
                worker.work_due(now=self.now)
            self._pass(self.chance.choice([1.0, 2.0, 5.0]))

    @contextmanager
    def _mortal(self) -> Iterator[None]:
        try:
            yield
        except Killed:
            # What a killed process leaves: no session, so no session's locks; a lease that must run out.
            connection.close()
            self.reconnect()
            self._pass(61.0)

    def _pass(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.there.wait(seconds)

    def _calm_down(self) -> None:
        """The faults are over: what is ours to do is to be done within 30 s, leases of the dead included."""
        self.there.schedule().faults.clear()
        self.killer.left = None
        self._pass(61.0)
        self._scan()
        until = self.now + PROMPT
        while self.now <= until and not self.prompt:
            self._work(1)
            self.prompt = not self._ours_to_do()
        self._settle()

    def _ours_to_do(self) -> bool:
        rows = Delivery.objects.filter(grant_id__in=self.grants)
        return (
            rows.filter(status__in=[Status.WANTED, Status.UNWANTED]).exists()
            or rows.filter(failures__gt=0).exists()
        )

    def _settle(self) -> None:
        for _ in range(ROUNDS):
            self._work(1)
            if not Delivery.objects.filter(grant_id__in=self.grants, status__in=OPEN).exists():
                return
            self._pass(LONG.total_seconds() / 10)
        left = Delivery.objects.filter(grant_id__in=self.grants, status__in=OPEN)
        raise Violation(
            f"I2: never settled: {[(row.kind, row.key, row.status, row.last_error) for row in left]}"
        )

    def _wanted(self) -> dict[tuple[str, str], Entry]:
        layout, every = self.there.layout, all_holdings(_target())
        places = {place for holding in every for place in layout.places(holding)}
        found = {place: layout.entry(place, about(place, self.project.key, every)) for place in places}
        return {(place.kind, place.key): entry for place, entry in found.items() if entry is not None}

    def _going(self) -> set[tuple[str, str]]:
        going = Delivery.objects.filter(
            grant_id__in=self.grants, status__in=[Status.UNWANTED, Status.REMOVED]
        )
        return set(going.values_list("kind", "key"))

    def _check_ended(self) -> None:
        """I1, I5: what only ended grants gave is not there. Another one's, not proven gone yet, may still be."""
        others = self._wanted().keys() | self._going()
        for grant in Grant.objects.filter(pk__in=self.grants, status="ended"):
            for entry in self.given[grant.pk]:
                if (entry.kind, entry.key) not in others and self.there.truth(entry):
                    raise Violation(f"I5: {grant} ended, and {entry} is still there")

    def _check_settled(self) -> None:
        """I1, I2, I4: there is what live grants want, all of it and no more."""
        wanted = self._wanted()
        for entry in wanted.values():
            if not self.there.truth(entry):
                raise Violation(f"I2: {entry} is verified and not there")
        listed = {(one.kind, one.key): one for one in self.there.connect().observe(Scope(TARGET))}
        if listed.keys() != wanted.keys():
            raise Violation(f"I1: {sorted(listed.keys() ^ wanted.keys())} differ")
        for key, entry in wanted.items():
            if not same_facts(listed[key], entry):
                raise Violation(f"I4: {listed[key]} is not {entry}")
        self._check_calls()

    def _check_calls(self) -> None:
        """I3: an outcome after each intent."""
        if Attempt.objects.filter(delivery__grant_id__in=self.grants, outcome="").exists():
            raise Violation("I3: an intent has no outcome")

    def _check_over(self, foreign: object) -> None:
        """I1, I5, I9: nothing of ours is left, and nothing of others was touched."""
        listed = list(self.there.connect().observe(Scope(TARGET)))
        if listed:
            raise Violation(f"I5: left behind: {listed}")
        states = set(Grant.objects.filter(pk__in=self.grants).values_list("status", flat=True))
        if states != {"ended"}:
            raise Violation(f"I5: {states}")
        if self.there.foreign() != foreign:
            raise Violation("I9: something foreign was touched")
        self._check_calls()


def _target():
    found = target_of(TARGET)
    assert found is not None
    return found
