"""The world of the browser journeys: people, images, requests in every stage, access, pulls and messages."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from approvals.requests.testing import Scene, approve_all, decide_as, make_draft, make_request, make_scene
from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.catalogue.models import Version
from grants.catalogue.testing import make_image, make_version
from grants.delivery.models import Drift, Episode
from grants.directory.actors import actor_for
from grants.directory.models import Person
from grants.directory.testing import make_person, make_project
from grants.lifecycle.consequences import end_projects
from grants.lifecycle.models import Hold
from grants.lifecycle.states import Trigger
from grants.lifecycle.testing import make_grant
from grants.tokens.services import create_personal, create_robot
from grants.tracker.models import Watch, WindDown
from grants.tracker.pausing import pause
from portal.accounts.devices import start_device
from portal.accounts.tokens import create_token
from portal.pages.costs.testing import make_anomaly, make_budget, make_prices, make_use
from portal.pages.costs_admin.testing import make_kept

LABELS = {
    "org.opencontainers.image.description": "Fine-tunes language models on restricted company data",
    "org.opencontainers.image.title": "LLM fine-tuning",
    "training.timestamp": "2026-11-02T08:00:00+00:00",
}
CHINESE = ("李娜", "王伟", "欧阳明月", "陈静")


@dataclass
class World:
    """The scene, its people by name, and what fills the addresses of the pages."""

    scene: Scene
    keys: dict[str, Any] = field(default_factory=dict)

    def person(self, name: str) -> Person:
        """A person of the cast, noor, who approves beside mia, or mona, who keeps budgets."""
        found: Person = getattr(self.scene.people, name, None) or self.keys[name]
        return found


def make_world() -> World:
    """Everything; each object through the service that makes it in the product."""
    scene = make_scene()
    people = scene.people
    Person.objects.filter(pk=people.alice.pk).update(name="李娜")
    Person.objects.filter(pk=people.mia.pk).update(name="陈静")
    people.alice.name, people.mia.name = "李娜", "陈静"
    Version.objects.update(labels=LABELS)
    make_image("old/caffe", blocked=True, purpose="Old models; no longer maintained")
    two = make_image("speech/two", title="语音转文字", purpose="会议录音")
    make_version(two, "1.0", labels=LABELS)
    make_version(two, "1.1", labels={**LABELS, "training.timestamp": "2026-11-09T08:00:00+00:00"})
    named = [make_person(f"p{place}", name=name) for place, name in enumerate(CHINESE)]
    noor = make_person("noor", roles=["approver:mlops"])
    return World(
        scene,
        {"noor": noor, "two": two.pk}
        | _requests(scene, named)
        | _access(scene, named)
        | _drift(scene)
        | _own(scene)
        | _endings(scene, named)
        | _costs(scene),
    )


def _costs(scene: Scene) -> dict[str, Any]:
    """Three weeks of use up to yesterday, with prices, a budget that will not last, and an unusual day."""
    people, today = scene.people, timezone.localdate()
    first = today - timedelta(days=21)
    make_prices(first)
    make_use(first, 21, person=people.bob.label, image=scene.image.reference)
    budget = make_budget(people.team.key, today.replace(day=1), "700")
    make_anomaly(people.team.key, today.replace(day=1))
    mona = make_person("mona", name="莫娜", roles=["budget"])
    kept = make_kept(people.team.key, today)
    return kept | {
        "mona": mona,
        "budget": budget.pk,
        "cost_day": today - timedelta(days=1),
        "cost_image": scene.image.reference,
    }


def _endings(scene: Scene, named: list[Person]) -> dict[str, Any]:
    """A project that is done and on hold, and what the brake holds back."""
    now, team = timezone.now(), scene.people.team
    over = [
        make_project(f"anti-fraud-v{number}", name="旧模型评测", team=team, state="closed")
        for number in range(20, 32)
    ]
    for project in over:
        make_grant(project=project, members=named, images=[scene.image])
    end_projects(projects=over, kind=Trigger.CLOSING, by=operator("root"), now=now)
    done = make_project("anti-fraud-v1", name="反欺诈试点", team=team, jira_issue="AF-12", state="closed")
    make_grant(project=done, members=named, images=[scene.image])
    Watch.objects.create(project=done, kind="issue", key="AF-12", category="done", next_check_at=now)
    WindDown.objects.create(
        project=done,
        reason="AF-12: 已完成",
        started_at=now,
        due_at=now + timedelta(days=1),
        closed_project=True,
    )
    until = now + timedelta(days=9)
    pause(project=done, until=until, reason="再训练一次", by=actor_for(scene.people.alice), now=now)
    return {"hold": Hold.objects.get().pk, "done": done.key}


def _requests(scene: Scene, named: list[Person]) -> dict[str, Any]:
    draft = make_draft(scene, members=named)
    pending = make_request(scene, images=[scene.image, scene.restricted], members=[scene.people.bob, *named])
    make_request(scene, members=[scene.people.bob], use_case="Compare with last year's model")
    asked = make_request(scene)
    decide_as(scene.people.mia, asked, "mlops", "ask", reason="Which data? 哪些数据？")
    approved = make_request(scene, members=[scene.people.bob], images=[scene.restricted])
    approve_all(scene, approved)
    denied = make_request(scene, members=named[:1])
    decide_as(scene.people.mia, denied, "mlops", "deny", reason="Use the newer image")
    empty = make_draft(scene, members=[], images=[scene.image], use_case="")
    return {
        "draft": draft.pk,
        "pending": pending.pk,
        "asked": asked.pk,
        "approved": approved.pk,
        "denied": denied.pk,
        "empty": empty.pk,
    }


def _access(scene: Scene, named: list[Person]) -> dict[str, Any]:
    now = timezone.now()
    bob = [scene.people.bob, *named]
    grant = make_grant(project=scene.project, members=bob, images=[scene.image])
    make_grant(project=scene.project, members=bob, images=[scene.image], ends=now + timedelta(days=5))
    ended = make_grant(project=scene.project, members=bob, images=[scene.image], status="ended")
    return {"grant": grant.pk, "ended": ended.pk, "image": scene.image.pk, "restricted": scene.restricted.pk}


def _drift(scene: Scene) -> dict[str, Any]:
    now = timezone.now()
    seen = {"target": "harbor", "first_seen_at": now, "last_seen_at": now}
    asked = [["image", "fraud/base"], ["image", "fraud/train"], ["ends", "2027-01-31T00:00:00Z"]]
    changed = Drift.objects.create(
        kind="member", key=scene.people.bob.label, what="changed", wanted=asked, seen=asked[1:], **seen
    )
    fought = Drift.objects.create(
        kind="image", key="fraud/base", what="vanished", wanted=asked[:1], came_back=3, fought_at=now,
        cause="terraform_policy", **seen,
    )  # fmt: skip
    for row in (changed, fought):
        row.projects.add(scene.project)
        Episode.objects.create(drift=row, began_at=now)
    return {"drift": changed.pk, "fought": fought.pk}


def _own(scene: Scene) -> dict[str, Any]:
    people, now = scene.people, timezone.now()
    by = actor_for(people.alice)
    create_robot(project=scene.project, name="nightly", days=30, by=by, now=now)
    create_personal(person=people.bob, hours=1, by=actor_for(people.bob), now=now)
    create_token(person=people.alice, name="laptop", scopes=["read"], days=1, by=by, now=now)
    first = Event.objects.order_by("sequence").values_list("sequence", flat=True)[0]
    return {
        "event": first,
        "code": start_device(client="purser", address="10.0.0.9", now=now)[2],
        "person": people.bob.pk,
        "team": scene.people.team.key,
        "project": scene.project.key,
    }
