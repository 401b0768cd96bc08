"""What the brake holds back, in rows: each grant with what would happen to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grants.lifecycle.models import Grant, Hold, TriggerLine

MOST_NAMES = 3


@dataclass(frozen=True)
class Affected:
    """One grant, and what releasing would do to it."""

    grant: Grant
    effect: str


def affected(hold: Hold, grants: Sequence[Grant]) -> list[Affected]:
    """The grants of one page, in order: one query."""
    lines: dict[int, list[TriggerLine]] = {}
    for line in hold.lines.filter(grant__in=grants).select_related("person", "image").order_by("pk"):
        lines.setdefault(line.grant_id, []).append(line)
    return [Affected(grant, _effect(grant, lines.get(grant.pk, []))) for grant in grants]


def _effect(grant: Grant, lines: Sequence[TriggerLine]) -> str:
    people = [line.person.name for line in lines if line.person is not None]
    images = [line.image.repository for line in lines if line.image is not None]
    left = sum(row.removed_at is None for row in (grant.members if people else grant.images).all())
    if len(lines) > len(people) + len(images) or left <= len(people) + len(images):
        return _("Its access ends")
    if images:
        return _("Loses %(image)s") % {"image": ", ".join(images)}
    if len(people) > MOST_NAMES:
        words = ngettext("Loses %(count)d person", "Loses %(count)d people", len(people))
        return words % {"count": len(people)}
    return _("Loses %(people)s") % {"people": ", ".join(people)}
