"""The rows of a new grant: who and what is left of the bundle, from when, and its one event."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from audit.ledger.actors import Actor
from audit.ledger.types import Value
from grants.catalogue.models import Image
from grants.directory.models import Person, Project
from grants.directory.roles import ProjectState
from grants.lifecycle.clock import database_time
from grants.lifecycle.errors import GrantInvalid
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.moving import announce, record_grant, signed
from grants.lifecycle.rules import actions_of
from grants.lifecycle.states import GrantStatus, Role
from grants.lifecycle.types import IssueImage

Bundle = tuple[Project, Sequence[Person], Sequence[IssueImage]]
Window = tuple[datetime, datetime]


def issue_rows(
    bundle: Bundle,
    role: str,
    window: Window,
    *,
    origin: str,
    environment: str,
    by: Actor,
    now: datetime,
) -> Grant:
    """Write a grant with its members and images, record it, tell the higher rooms. Inside `audited` only."""
    project = _open_project(bundle[0])
    people, images = _fit_people(bundle[1]), _fit_images(bundle[2])
    if not people or not images:
        raise GrantInvalid("nothing_to_grant", _("Nobody or no image is left to give access to."))
    window_fields = _placed(window, now)
    said = {"origin": origin, "issued_at": now, "issued_by": by.label, **signed(by, now)}
    grant = Grant.objects.create(
        project=project, role=Role(role), environment=environment, **window_fields, **said
    )
    GrantMember.objects.bulk_create(GrantMember(grant=grant, person=person) for person in people)
    GrantImage.objects.bulk_create(
        GrantImage(grant=grant, image=line.image, tag=line.tag, digest=line.digest) for line in images
    )
    _record(grant, people, images, bundle)
    announce(grant, "issued", now)
    return grant


def _open_project(project: Project) -> Project:
    # Locked: a project that is being closed meanwhile either refuses this grant or sees it and ends it.
    rows = Project.objects.select_for_update(no_key=True, of=("self",)).select_related("team")
    fresh = rows.get(pk=project.pk)
    if fresh.state != ProjectState.OPEN:
        raise GrantInvalid("project_closed", _("This project is closed, so no access can be given for it."))
    return fresh


def _fit_people(members: Iterable[Person]) -> list[Person]:
    return list(Person.objects.filter(pk__in={p.pk for p in members}, active=True).order_by("pk"))


def _fit_images(images: Iterable[IssueImage]) -> list[IssueImage]:
    by_image = {line.image.pk: line for line in images}
    fit = Image.objects.filter(pk__in=by_image, blocked=False).order_by("pk").values_list("pk", flat=True)
    return [by_image[pk] for pk in fit]


def _placed(window: Window, now: datetime) -> dict[str, object]:
    """The window by the database's clock: what is to start now has started, even if our own clock runs ahead."""
    starts, ends = window
    clock = database_time()
    if ends <= clock:
        raise GrantInvalid("window_over", _("The end of the access is in the past."))
    if ends <= starts:
        raise GrantInvalid("window_reversed", _("Access must end after it starts."))
    if starts <= max(now, clock):
        return {"starts": min(starts, clock), "ends": ends, "status": GrantStatus.PROVISIONING}
    return {"starts": starts, "ends": ends, "status": GrantStatus.SCHEDULED}


def _record(grant: Grant, people: list[Person], images: list[IssueImage], bundle: Bundle) -> None:
    left_people = {p.label for p in bundle[1]} - {p.label for p in people}
    left_images = {line.image.pk for line in bundle[2]} - {line.image.pk for line in images}
    detail: dict[str, Value] = {
        "origin": grant.origin,
        "role": str(grant.role),
        "actions": sorted(actions_of(grant.role)),
        "environment": grant.environment,
        "starts": grant.starts.isoformat(),
        "ends": grant.ends.isoformat(),
        "members": [person.label for person in people],
        "images": [
            {"image": line.image.reference, "tag": line.tag, "digest": line.digest} for line in images
        ],
        "left_out": [*sorted(left_people), *(f"image:{pk}" for pk in sorted(left_images))],
    }
    record_grant("grants.grant.issued", grant, detail=detail)
