"""Purser as it grants for real, and is then killed: from there on only the target's own clock moves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from audit.ledger.actors import operator
from grants.catalogue.models import Cluster, Image, Registry
from grants.connectors.base import Connector, Layout
from grants.connectors.tests.contract import TARGET
from grants.delivery import targets, worker
from grants.delivery.models import Delivery
from grants.delivery.states import OPEN
from grants.delivery.tests.fake import FakeConnector
from grants.directory.models import Person, Project
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.models import Grant
from grants.lifecycle.services import issue
from grants.lifecycle.types import IssueImage
from portal.pages.testing import as_person

BY = operator("root")
NAMESPACE = "anti-fraud-v2"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Dead(AssertionError):
    """Something of Purser was called after it was killed."""


@dataclass
class House:
    """Purser beside one target. `wait`: moves the target's clock, in seconds; `now`: the clock both go by."""

    monkeypatch: Any
    kind: str
    wait: Callable[[float], None]
    now: datetime = field(default_factory=timezone.now)

    def __post_init__(self) -> None:
        team = make_team("anti-fraud")
        self.bob: Person = make_person("bob", member_of=[team])
        self.alice: Person = make_person("alice", member_of=[team])
        self.project: Project = make_project(NAMESPACE, team=team, namespace=NAMESPACE, gpu_quota=4)

    def reach(self, connector: Connector, layout: Layout, repositories: Sequence[str]) -> list[Image]:
        """Make the target known, with these images."""
        factories = {self.kind: lambda row: connector, "distribution": lambda row: FakeConnector()}
        self.monkeypatch.setattr(targets, "_factories", factories)
        self.monkeypatch.setattr(targets, "_layouts", {self.kind: lambda row: layout})
        self.monkeypatch.setattr(targets, "_principals", [])
        key, kind, host = TARGET, self.kind, f"{self.kind}.example"
        if self.kind == "kubernetes":
            Cluster.objects.get_or_create(key=TARGET, defaults={"name": "Cluster"})
            key, kind, host = "reg", "distribution", "reg.example"
        registry, _ = Registry.objects.get_or_create(
            key=key,
            defaults={"name": key, "kind": kind, "host": host, "api_url": f"http://{host}", "service": key},
        )
        return [Image.objects.create(registry=registry, repository=name) for name in repositories]

    def grant(self, images: Sequence[Image], *, days: float, role: str = "viewer") -> Grant:
        """A grant for Bob, made true at the target by the worker and seen in force there."""
        made = issue(
            project=self.project, role=role, starts=timezone.now(), ends=self.now + days * DAY, members=[self.bob],
            images=[IssueImage(image, "latest") for image in images], origin=f"test:{Grant.objects.count()}",
            environment="research", by=BY, now=self.now,
        )  # fmt: skip
        for _ in range(20):
            worker.work_due(now=self.now)
            if not Delivery.objects.filter(grant=made, status__in=OPEN).exists():
                return made
            self._pass(HOUR)
        left = Delivery.objects.filter(grant=made, status__in=OPEN)
        raise AssertionError([(row.kind, row.key, row.status, row.last_error, row.detail) for row in left])

    def _pass(self, time: timedelta) -> None:
        self.now += time
        self.wait(time.total_seconds())

    def page(self, grant: Grant) -> Any:
        """What Bob reads about the target on the page of his grant: the row of the system, and the text."""
        answer = as_person(self.bob).get(f"/grants/{grant.pk}/")
        [row] = [one for one in answer.context["systems"] if one.progress.target == TARGET]
        return row, answer.text

    def kill(self) -> None:
        """No Purser from here on: nothing reaches the target, and nothing is worked."""

        def dead(*_args: Any, **_kwargs: Any) -> None:
            raise Dead

        self.monkeypatch.setattr(targets, "_factories", dict.fromkeys([self.kind, "distribution"], dead))
        self.monkeypatch.setattr(worker, "work_due", dead)

    def until(self, moment: datetime) -> None:
        """Let the target's clock come to this moment."""
        self._pass(moment - self.now)
