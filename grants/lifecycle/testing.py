"""Test factories: grants as rows, without events; what is under test is what the room does next."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count

from django.utils import timezone

from grants.catalogue.models import Image
from grants.catalogue.testing import make_image
from grants.directory.models import Person, Project
from grants.directory.testing import make_person, make_project
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.states import FINAL, EndReason, GrantStatus

_number = count(1)


def make_grant(  # noqa: PLR0913 - a factory of a row with this many sides
    *,
    project: Project | None = None,
    members: Iterable[Person] | None = None,
    images: Iterable[Image] | None = None,
    role: str = "viewer",
    status: str = "active",
    starts: datetime | None = None,
    ends: datetime | None = None,
    origin: str | None = None,
    end_reason: str = "",
) -> Grant:
    """A grant of one new person and one new image unless given, from an hour ago for 90 days.

    An ending or ended one has the reason `revoked` unless given.
    """
    now = timezone.now()
    start = starts or (
        now + timedelta(days=1) if status == GrantStatus.SCHEDULED else now - timedelta(hours=1)
    )
    number = next(_number)
    grant = Grant.objects.create(
        project=project or Project.objects.first() or make_project(),
        role=role,
        status=status,
        starts=start,
        ends=ends or start + timedelta(days=90),
        origin=origin or f"test:{number}",
        issued_at=start,
        issued_by="system:test",
        changed_at=start,
        changed_by="Test",
        **_endings(status, end_reason, now),
    )
    for person in [make_person(f"person{number}")] if members is None else members:
        GrantMember.objects.create(grant=grant, person=person)
    for image in [make_image(f"team/image{number}")] if images is None else images:
        GrantImage.objects.create(grant=grant, image=image, tag="stable", digest="sha256:" + "0" * 64)
    return grant


def _endings(status: str, end_reason: str, now: datetime) -> dict[str, object]:
    fields: dict[str, object] = {"activated_at": now} if status == GrantStatus.ACTIVE else {}
    if status in (GrantStatus.REVOKING, *FINAL):
        fields |= {"end_reason": end_reason or EndReason.REVOKED, "revoking_since": now}
    return fields | ({"ended_at": now} if status in FINAL else {})
