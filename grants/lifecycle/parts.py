"""Taking one person or one image out of live grants; a grant left with nobody or nothing ends."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import QuerySet

from audit.ledger.actors import Actor
from grants.catalogue.models import Image
from grants.directory.models import Person, Team
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.moving import announce, check, leap, record_grant
from grants.lifecycle.states import LIVE, EndReason, Who


def take_out_member(person: Person, *, team: Team | None, by: Actor, now: datetime) -> int:
    """Take a person out of the live grants (of one team's projects, when named). Inside `audited` only."""
    lines = GrantMember.objects.filter(person=person, removed_at=None)
    if team is not None:
        lines = lines.filter(grant__project__team=team)
    grants = _locked(lines.values_list("grant_id", flat=True))
    return sum(member_out(grant, person, by=by, now=now) for grant in grants)


def member_out(grant: Grant, person: Person, *, by: Actor, now: datetime) -> bool:
    """Take a person out of one locked live grant; False when they were out already. Inside `audited` only."""
    if not _mark(grant.members.filter(person=person), EndReason.MEMBER_LEFT, now):
        return False
    record_grant("grants.member.removed", grant, person=person.label)
    announce(grant, "member_removed", now)
    if not grant.members.filter(removed_at=None).exists():
        check("lose_last_member", grant, roles={Who.DIRECTORY})
        leap("lose_last_member", grant, by=by, now=now)
    return True


def take_out_image(image: Image, *, by: Actor, now: datetime, but_kept: bool = False) -> int:
    """Take an image out of the live grants (but those lines that the brake keeps). Inside `audited` only."""
    lines = GrantImage.objects.filter(image=image, removed_at=None)
    if but_kept:
        lines = lines.filter(kept=False)
    grants = _locked(lines.values_list("grant_id", flat=True))
    return sum(image_out(grant, image, by=by, now=now) for grant in grants)


def image_out(grant: Grant, image: Image, *, by: Actor, now: datetime) -> bool:
    """Take an image out of one locked live grant; False when it was out already. Inside `audited` only."""
    if not _mark(grant.images.filter(image=image), EndReason.IMAGE_BLOCKED, now):
        return False
    record_grant("grants.image.removed", grant, image=image.reference)
    announce(grant, "image_removed", now)
    if not grant.images.filter(removed_at=None).exists():
        check("lose_last_image", grant, roles={Who.CATALOGUE})
        leap("lose_last_image", grant, by=by, now=now)
    return True


def _locked(grant_ids: Iterable[int]) -> list[Grant]:
    # Always in the order of their numbers, so that two of these never wait for each other.
    live = Grant.objects.filter(pk__in=grant_ids, status__in=LIVE).order_by("pk")
    return list(live.select_for_update(no_key=True, of=("self",)).select_related("project__team"))


def _mark(lines: QuerySet[GrantMember] | QuerySet[GrantImage], reason: EndReason, now: datetime) -> bool:
    """Whether the line was still there: somebody else may have taken it out while we waited for the lock."""
    return bool(lines.filter(removed_at=None).update(removed_at=now, removed_reason=reason))
