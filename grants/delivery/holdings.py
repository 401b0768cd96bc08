"""Live grants as a target sees them: rows become the values that layouts are computed from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from grants.catalogue.models import Cluster, Image, Registry
from grants.connectors.base import IMAGE_PLACE, MEMBER_PLACE, Holder, Holding, Place
from grants.delivery.targets import Target
from grants.directory.models import EmailAddress, Person, Project
from grants.lifecycle.clock import moment
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.selectors import allowing
from grants.lifecycle.states import ALLOWING

PERSON = "person:"


def holding_of(grant: Grant, target: Target) -> Holding:
    """One grant at one target, with all its people and images that were not taken out."""
    return _holding(_with_parts(Grant.objects.filter(pk=grant.pk), target).get(), target)


def holdings_about(
    place: Place, project: Project, target: Target, *, at: datetime | None = None
) -> list[Holding]:
    """The live holdings that can matter at a place, as `Layout.entry` wants them; by the database's clock.

    Of the person for a member place, of the repository for an image place, else of the project. Three queries.
    """
    live = _live(at)
    if place.kind == MEMBER_PLACE:
        person = int(place.key.removeprefix(PERSON))
        live = live.filter(members__person_id=person, members__removed_at=None, members__person__active=True)
        return _holdings(_with_parts(live, target, person=person), target)
    if place.kind == IMAGE_PLACE:
        live = live.filter(images__image__repository=place.key, images__removed_at=None)
        found = _holdings(_with_parts(live, target, people=False), target)
        return [holding for holding in found if place.key in holding.images]
    return holdings_of_project(project, target, at=at)


def holdings_of_project(project: Project, target: Target, *, at: datetime | None = None) -> list[Holding]:
    """Everything a project holds at a target now."""
    return _holdings(_with_parts(_live(at).filter(project=project), target), target)


def all_holdings(target: Target, *, at: datetime | None = None) -> list[Holding]:
    """Everything every project holds at a target now, in a fixed number of queries."""
    return _holdings(_with_parts(_live(at), target), target)


def grants_beside(project: Project, people: Iterable[Person], images: Iterable[Image]) -> list[Grant]:
    """Every live grant that a new one would share a place with: its project's, its people's, its images'.

    Three queries, whatever the targets; `seen_at` tells what each target sees of them.
    """
    theirs = Q(members__person__in=[person.pk for person in people])
    held = Q(images__image__in=[image.pk for image in images])
    beside = _live(None).filter(Q(project=project) | theirs | held)
    return list(_with_parts(beside, None).order_by("pk"))


def seen_at(grants: Iterable[Grant], target: Target) -> list[Holding]:
    """What a target sees of grants from `grants_beside`; those that hold nothing there are left out."""
    every = [_holding(grant, target) for grant in grants]
    return [holding for holding in every if holding.images]


def with_addresses(people: Iterable[Person]) -> list[Person]:
    """These people with their addresses, for `imagined`: two queries."""
    rows = Person.objects.filter(pk__in=[person.pk for person in people])
    return list(rows.prefetch_related(_primary("addresses")).order_by("pk"))


def imagined(
    project: Project,
    target: Target,
    *,
    people: Iterable[Person],
    images: Iterable[Image],
    role: str,
    ends: datetime,
) -> Holding:
    """What a grant that is only asked for would hold. Its number is 0; `people` come from `with_addresses`."""
    return _made(project, role, people, _there(images, target), target, ends=ends)


def _live(at: datetime | None) -> QuerySet[Grant]:
    now = moment(at)
    return Grant.objects.filter(status__in=ALLOWING, starts__lte=now, ends__gt=now).distinct()


def _with_parts(
    grants: QuerySet[Grant], target: Target | None, *, person: int | None = None, people: bool = True
) -> QuerySet[Grant]:
    lines = GrantImage.objects.filter(allowing(), removed_at=None).select_related("image__registry")
    if isinstance(target, Registry):
        lines = lines.filter(image__registry=target)
    members = GrantMember.objects.filter(removed_at=None, person__active=True).select_related("person")
    members = members.prefetch_related(_primary("person__addresses")) if people else members.none()
    if person is not None:
        members = members.filter(person_id=person)
    return grants.select_related("project__team").prefetch_related(
        Prefetch("images", lines.order_by("image__repository"), to_attr="shown_images"),
        Prefetch("members", members.order_by("person_id"), to_attr="shown_members"),
    )


def _primary(path: str) -> "Prefetch[str]":
    rows = EmailAddress.objects.filter(verified=True).order_by("-primary", "pk")
    return Prefetch(path, rows, to_attr="shown_addresses")


def _holdings(grants: QuerySet[Grant], target: Target) -> list[Holding]:
    """Those that hold anything at the target, by number."""
    return seen_at(grants.order_by("pk"), target)


def _holding(grant: Any, target: Target) -> Holding:
    people = [member.person for member in grant.shown_members]
    images = _there((line.image for line in grant.shown_images), target)
    return _made(grant.project, grant.role, people, images, target, ends=grant.ends, grant=grant.pk)


def _there(images: Iterable[Image], target: Target) -> list[Image]:
    """Those a target is about: a registry's own; a cluster runs images from everywhere."""
    return [image for image in images if isinstance(target, Cluster) or image.registry_id == target.pk]


def _made(
    project: Project,
    role: str,
    people: Iterable[Any],
    images: Iterable[Image],
    target: Target,
    *,
    ends: datetime,
    grant: int = 0,
) -> Holding:
    whole = isinstance(target, Cluster)
    return Holding(
        grant=grant,
        project=project.key,
        team=project.team.key,
        role=str(role),
        holders=tuple(_holder(person) for person in people),
        images=tuple(image.reference if whole else image.repository for image in images),
        ends=ends,
        namespace=project.namespace,
        gpus=project.gpu_quota,
        confidential=project.confidential,
    )


def _holder(person: Any) -> Holder:
    addresses = person.shown_addresses
    return Holder(person.label, addresses[0].address if addresses else "")
