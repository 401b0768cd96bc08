"""A target in memory that can also say what is foreign, with the fixtures that tests of drift share."""

from datetime import timedelta

import pytest
from django.utils import timezone

from grants.catalogue.models import Registry
from grants.catalogue.testing import make_image
from grants.connectors.base import Entry
from grants.delivery import targets
from grants.delivery.drift import scan
from grants.delivery.models import Drift
from grants.delivery.tests.conftest import BY
from grants.delivery.tests.keeping import KeepingConnector, KeepingLayout
from grants.delivery.worker import work_due
from grants.lifecycle.models import Grant
from grants.lifecycle.services import issue
from grants.lifecycle.types import IssueImage


class DriftingConnector(KeepingConnector):
    """`others`: foreign entries. `answers`: what observe gives instead, one after the other."""

    def __init__(self):
        super().__init__()
        self.others = []
        self.answers = []
        self.looks = 0

    def observe(self, scope):
        self.looks += not scope.entries
        if self.answers and not scope.entries:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        return super().observe(scope)

    def foreign(self, scope):
        return list(self.others)

    def take(self, kind, key):
        return self.kept.pop(("keeper", kind, key))

    def put(self, kind, key, *facts):
        self.kept["keeper", kind, key] = Entry("keeper", kind, key, facts)


@pytest.fixture
def keeper(monkeypatch):
    connector = DriftingConnector()
    monkeypatch.setattr(targets, "_factories", {"keeping": lambda registry: connector})
    monkeypatch.setattr(targets, "_layouts", {"keeping": lambda registry: KeepingLayout()})
    return connector


@pytest.fixture
def registry(db):
    return Registry.objects.create(
        key="keeper", name="Keeper", kind="keeping", host="keeper.test", api_url="http://keeper.test", service="k"
    )  # fmt: skip


@pytest.fixture
def images(registry):
    return [make_image(f"team/{name}", registry=registry) for name in ("a", "b", "c")]


@pytest.fixture
def give(people, images, now, keeper):
    def call(*names, at=(0, 1), **changes):
        return issue(
            project=people.project, environment="research", role="viewer", starts=now,
            ends=now + timedelta(days=90), origin=f"request:{Grant.objects.count()}",
            members=[getattr(people, name) for name in names], images=[IssueImage(images[n], "stable") for n in at],
            by=BY, now=now, **changes,
        )  # fmt: skip

    return call


class Clock:
    """Scans and work, each a minute after the one before."""

    def __init__(self, registry, now):
        self.registry, self.at = registry, now

    def scan(self, minutes=1):
        self.at += timedelta(minutes=minutes)
        self.registry.refresh_from_db()
        return scan(self.registry, now=self.at)

    def work(self, minutes=1):
        self.at += timedelta(minutes=minutes)
        return work_due(now=self.at, limit=5000)


@pytest.fixture
def clock(registry):
    return Clock(registry, timezone.now())


@pytest.fixture
def rows():
    """(what, key, state) of every difference."""
    return lambda **where: list(
        Drift.objects.filter(**where).order_by("what", "key").values_list("what", "key", "state")
    )


@pytest.fixture
def option(registry):
    def call(**options):
        registry.options = options
        registry.save()

    return call
