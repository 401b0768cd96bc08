"""How the viewer stands to images: has access, has asked, or neither; and which images their team has."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from approvals.requests.selectors import requests_visible_to
from grants.directory.standing import Standing
from grants.lifecycle.selectors import grants_visible_to, live_grants_for
from grants.lifecycle.states import LIVE


@dataclass(frozen=True)
class Mine:
    """What the viewer has of one image: until when and by which grant, or which request waits."""

    until: datetime | None = None
    grant_id: int | None = None
    request_id: int | None = None


def standing_to(viewer: Standing, image_ids: Iterable[int]) -> dict[int, Mine]:
    """The viewer's access to each of these images, and where there is none the request that waits: two queries."""
    wanted = list(image_ids)
    asked = requests_visible_to(viewer).filter(
        Q(requester=viewer.person) | Q(members__person=viewer.person, members__left_out=False),
        status="pending",
        images__image_id__in=wanted,
    )
    found = {image: Mine(request_id=pk) for image, pk in asked.values_list("images__image_id", "pk")}
    held = live_grants_for(viewer.person).filter(images__image_id__in=wanted, images__removed_at=None)
    for image, until, pk in held.order_by("ends").values_list("images__image_id", "ends", "pk"):
        found[image] = Mine(until=until, grant_id=pk)
    return found


def held_images(viewer: Standing) -> list[int]:
    """The images the viewer may use now."""
    held = live_grants_for(viewer.person).filter(images__removed_at=None)
    return list(held.order_by().values_list("images__image_id", flat=True).distinct())


def team_images(viewer: Standing) -> list[int]:
    """The images that somebody in the viewer's teams has, or will have from a later start."""
    grants = grants_visible_to(viewer).filter(project__team_id__in=viewer.team_ids, status__in=LIVE)
    held = grants.filter(images__removed_at=None).order_by()
    return list(held.values_list("images__image_id", flat=True).distinct())
