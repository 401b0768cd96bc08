"""Who asks in a measurement: people with pull tokens, and grants that let each of them pull some images."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.conf import settings

from audit.ledger.actors import operator
from grants.catalogue.models import Image, Registry
from grants.directory.actors import actor_for
from grants.directory.models import Person, Project
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.services import issue
from grants.lifecycle.types import IssueImage
from grants.tokens.services import create_personal

PEOPLE, IMAGES, GRANTS, PER_GRANT = 200, 50, 40, 10
BENCH = operator("bench")


@dataclass(frozen=True)
class Puller:
    """One person who asks: the Authorization header, and a repository that a grant opens."""

    header: str
    repository: str

    @property
    def path(self) -> str:
        """What a client asks of the token service."""
        scope = f"repository:{self.repository}:pull"
        return f"/registry/token?service={settings.REGISTRY['service']}&scope={scope}"


def make_pullers(*, now: datetime) -> list[Puller]:
    """200 people in 40 grants of 10 people and 5 images each, over 50 images; everybody is in two grants."""
    project = make_project("bench", team=make_team("bench"))
    registry = make_bench_registry()
    images = [Image.objects.create(registry=registry, repository=f"bench/image{n:02}") for n in range(IMAGES)]
    people = [make_person(f"puller{n:03}") for n in range(PEOPLE)]
    opened = _issue_grants(project, people, images, now=now)
    return [Puller(basic_of(person, now=now), opened[person.pk]) for person in people]


def make_bench_registry() -> Registry:
    """The registry that the token service serves."""
    wanted = settings.REGISTRY
    fields = {"name": wanted["name"], "host": wanted["host"], "api_url": wanted["api_url"]}
    made, _new = Registry.objects.get_or_create(
        key=wanted["key"], defaults=fields | {"service": wanted["service"]}
    )
    return made


def basic_of(person: Person, *, now: datetime) -> str:
    """The Authorization header of a fresh pull token of the person's."""
    credential, secret = create_personal(person=person, hours=24, by=actor_for(person), now=now)
    return "Basic " + base64.b64encode(f"{credential.login}:{secret}".encode()).decode()


def _issue_grants(
    project: Project, people: Sequence[Person], images: Sequence[Image], *, now: datetime
) -> dict[int, str]:
    draw = Random(1)  # noqa: S311 - a plan, no secret
    opened: dict[int, str] = {}
    for number in range(GRANTS):
        first = number * PER_GRANT % PEOPLE
        members = people[first : first + PER_GRANT]
        bundle = draw.sample(images, 5)
        issue(
            project=project, role="viewer", starts=now, ends=now + timedelta(days=30), members=members,
            images=[IssueImage(image, "stable", "") for image in bundle], origin=f"bench:{number}",
            environment="research", by=BENCH, now=now,
        )  # fmt: skip
        opened |= {person.pk: bundle[0].repository for person in members}
    return opened
