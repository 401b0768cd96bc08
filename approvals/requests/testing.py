"""Test factories: a scene with people and scanned images, drafts in it and requests that were really sent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.types import DraftChanges, ImageChoice
from grants.catalogue.models import Image, Scan
from grants.catalogue.testing import make_image, make_version
from grants.directory.actors import actor_for
from grants.directory.models import Person, Project
from grants.directory.testing import Cast, cast

TAG = "stable"
APPROVERS = {"mlops": "mia", "security": "sam"}


@dataclass(frozen=True, slots=True)
class Scene:
    """The cast with two scanned images: `image` needs MLOps only, `restricted` needs security as well."""

    people: Cast
    image: Image
    restricted: Image

    @property
    def project(self) -> Project:
        """The project that alice leads."""
        return self.people.project


def make_scene() -> Scene:
    """The cast of the directory and both images, each with tag `stable` scanned today."""
    return Scene(
        people=cast(),
        image=make_scanned_image("fraud/base"),
        restricted=make_scanned_image("fraud/secret", restricted=True, restricted_reason="Personal data"),
    )


def make_scanned_image(repository: str, **fields: Any) -> Image:
    """An image whose tag `stable` has a clean scan of today."""
    image = make_image(repository, **fields)
    version, now = make_version(image, TAG), timezone.now()
    Scan.objects.create(version=version, scanned_at=now, uploaded_at=now, uploaded_by="system:test")
    return image


def make_draft(
    scene: Scene,
    *,
    requester: Person | None = None,
    members: Iterable[Person] | None = None,
    images: Sequence[Image] | None = None,
    now: datetime | None = None,
    **answers: Any,
) -> Request:
    """A complete draft of alice (or `requester`) for bob and `scene.image`, 30 days, unless said otherwise."""
    at, person = now or timezone.now(), requester or scene.people.alice
    by = actor_for(person)
    draft = services.start_draft(requester=person, project=scene.project, by=by, now=at)
    given: dict[str, Any] = {
        "images": [ImageChoice(image.pk, TAG) for image in (images or [scene.image])],
        "people_lines": [p.user_name for p in ([scene.people.bob] if members is None else members)],
        "use_case": "Train the fraud model",
        "days": 30,
    }
    for instead, default in (("ends", "days"), ("people_text", "people_lines")):
        if instead in answers:
            given.pop(default)
    changes = DraftChanges(**given | answers)
    return services.update_draft(request=draft, changes=changes, revision=draft.revision, by=by, now=at)


def make_request(scene: Scene, *, now: datetime | None = None, **draft: Any) -> Request:
    """A request that was sent: a draft as `make_draft` makes it, submitted by its requester."""
    at = now or timezone.now()
    request = make_draft(scene, now=at, **draft)
    by = actor_for(request.requester)
    return services.submit(request=request, revision=request.revision, by=by, now=at)


def decide_as(person: Person, request: Request, lane: str, verdict: str = "approve", **said: Any) -> Request:
    """The person's verdict on the request as it is now, e.g. `decide_as(mia, request, "mlops")`."""
    given: dict[str, Any] = {
        "reason": "" if verdict == "approve" else "Because",
        "revision": Request.objects.get(pk=request.pk).revision,
        "by": actor_for(person),
        "now": timezone.now(),
    }
    return services.decide(request=request, lane=lane, verdict=verdict, decider=person, **given | said)


def approve_all(scene: Scene, request: Request, now: datetime | None = None) -> Request:
    """Every lane approved by its own approver: mia for MLOps, sam for security."""
    for lane in request.lanes.order_by("name"):
        person = getattr(scene.people, APPROVERS[lane.name])
        request = decide_as(person, request, lane.name, now=now or timezone.now())
    return request
