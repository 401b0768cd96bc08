"""The world of the matrix: built once, and every call in it rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.utils import timezone

from approvals.requests.testing import make_draft, make_request, make_scene
from audit.costs.models import Anomaly, Budget, GpuType, Overhead, Reservation, Source
from audit.ledger.models import Event
from grants.delivery.models import Drift
from grants.directory.actors import actor_for
from grants.directory.models import Person
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.models import Hold
from grants.lifecycle.testing import make_grant
from grants.tokens.services import create_personal, create_robot
from portal.accounts.testing import sign_in
from portal.accounts.tokens import create_token
from portal.notify.models import Notification

KEYS = {"team": "anti-fraud", "target": "main", "gpu_type": "l40s", "source": "files"}


@dataclass
class World:
    """A person for each role, and the objects of team `anti-fraud`: `values["request"]` fills `<int:pk>`."""

    people: dict[str, Person]
    clients: dict[str, Client]
    values: dict[str, Any]

    def filling(self, at: str) -> dict[str, Any]:
        """What fills the places of a route whose object is `at`."""
        common = {
            "key": KEYS.get(at, "anti-fraud-v2"),
            "step": "project",
            "day": "2026-11-12",
            "line": 1,
            "mark": "block",
            "kind": "people",
            "target": "main",
            "provider_id": "sso",
            "organization_slug": "acme",
        }
        return common | {"pk": self.values.get(at, 0), "seq": self.values.get(at, 0)}

    def body(self, given: Any) -> dict[str, Any]:
        """A row's body with the world's values in place of their names."""
        return {
            name: self.values.get(value, value) if isinstance(value, str) else value
            for name, value in given.items()
        }


@contextmanager
def undone() -> Iterator[None]:
    """A transaction that is rolled back; marked as a test's own, so that services may open theirs in it."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    return made()


def made() -> World:
    """The world, in whatever transaction is open."""
    scene, now = make_scene(), timezone.now()
    cast = scene.people
    other = make_team("credit")
    make_project("credit-v1", team=other)
    people = {
        "member": cast.bob,
        "lead": cast.alice,
        "other_lead": make_person("erin", leads=[other]),
        "mlops": cast.mia,
        "security": cast.sam,
        "auditor": cast.ada,
        "administrator": cast.root,
        "budget": make_person("bea", roles=["budget"]),
        "stranger": cast.charlie,
        "disabled": make_person("dana", member_of=[cast.team]),
    }
    clients = {role: sign_in(_client(), person) for role, person in people.items()}
    Person.objects.filter(pk=people["disabled"].pk).update(active=False, disabled_at=now)
    return World(people, clients | {"anonymous": _client()}, _objects(scene, now))


def _objects(scene: Any, now: Any) -> dict[str, Any]:
    cast = scene.people
    by = actor_for(cast.alice)
    draft, request = make_draft(scene), make_request(scene)
    grant = make_grant(project=cast.project, members=[cast.bob], images=[scene.image])
    robot, _secret = create_robot(project=cast.project, name="jobs", days=30, by=by, now=now)
    credential, _secret = create_personal(person=cast.bob, hours=1, by=actor_for(cast.bob), now=now)
    token, _secret = create_token(person=cast.alice, name="t", scopes=["read"], days=1, by=by, now=now)
    told = Notification.objects.filter(recipient=cast.mia).first()
    assert told is not None
    drift = Drift.objects.create(
        target="main",
        kind="image",
        key="fraud/base",
        what="appeared",
        seen=[],
        first_seen_at=now,
        last_seen_at=now,
    )
    drift.projects.add(cast.project)
    return {
        "drift": drift.pk,
        "draft": draft.pk,
        "request": request.pk,
        "request_revision": request.revision,
        "grant": grant.pk,
        "hold": _hold(now).pk,
        "later": (grant.ends + timedelta(days=5)).isoformat(),
        "image": scene.image.pk,
        "person": cast.bob.pk,
        "robot": robot.pk,
        "credential": credential.pk,
        "token": token.pk,
        "notification": told.pk,
        **_costs(now),
        "event": Event.objects.filter(subject=draft.label).values_list("sequence", flat=True)[0],
    }


def _costs(now: Any) -> dict[str, Any]:
    GpuType.objects.create(key="l40s", label="L40S")
    Source.objects.create(key="files", kind="csv", name="Files")
    first, team = now.date().replace(day=1), "anti-fraud"
    spent = {"amount": 100, "starts": first, "ends": first + timedelta(days=28)}
    budget = Budget.objects.create(owner_kind="team", owner=team, **spent)
    pool = Reservation.objects.create(
        name="Pool", team=team, cluster="c", gpu_type="l40s", gpus=1, starts=first
    )
    overhead = Overhead.objects.create(month=first, name="Network", amount=1)
    found = {"amount": 9, "usual": 1, "score": 9, "high": True, "found_at": now}
    anomaly = Anomaly.objects.create(day=first, team=team, **found)
    return {
        "budget_row": budget.pk,
        "reservation": pool.pk,
        "overhead": overhead.pk,
        "anomaly": anomaly.pk,
    }


def _client() -> Client:
    return Client(raise_request_exception=False)


def _hold(now: Any) -> Hold:
    facts = {"kind": "jira", "subject": "project:done", "triggered_by": "Purser (jira)"}
    return Hold.objects.create(grants_counted=1, grants_live=1, since=now, grown_at=now, **facts)
