"""Everything the page of one image shows."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from approvals.requests.timing import median_approval_times
from grants.catalogue.models import Image
from grants.lifecycle.selectors import live_grants_for
from portal.live.topics import versions
from portal.pages.access import viewer_of
from portal.pages.catalogue.comparing import CompareForm
from portal.pages.catalogue.presenters import (
    TagRow,
    duration,
    lane_names,
    readable_findings,
    tag_rows,
    team_use,
)
from portal.pages.catalogue.standing import Mine, standing_to
from portal.pages.pull_panel import panel_of, place_of

MOST_FINDINGS = 50


def detail_of(request: HttpRequest, image: Image) -> dict[str, Any]:
    """The context of an image's page."""
    viewer = viewer_of(request)
    tags = tag_rows(image, timezone.now())
    mine = standing_to(viewer, [image.pk]).get(image.pk, Mine())
    newest = tags[0] if tags else None
    return {
        "image": image,
        "tags": tags,
        "newest": newest,
        "compare_form": CompareForm(None, [row.tag.name for row in tags]) if len(tags) > 1 else None,
        "labels": sorted(newest.tag.version.labels.items()) if newest else [],
        "findings": readable_findings(newest.scan.findings[:MOST_FINDINGS]) if newest and newest.scan else [],
        "lanes": lane_names(image),
        "usual": duration(median_approval_times([image.pk]).get(image.pk)),
        "mine": mine,
        "panel": _panel(request, image, newest, mine),
        "teams": team_use(image),
        "may_change": viewer.is_administrator,
        "may_request": viewer.is_lead and not image.blocked,
        "version": versions(["catalogue"])["catalogue"],
    }


def _panel(request: HttpRequest, image: Image, newest: TagRow | None, mine: Mine) -> Any:
    if mine.until is None or newest is None:
        return None
    person = viewer_of(request).person
    place = place_of(image, person, tag=newest.tag.name, digest=newest.tag.version.digest)
    held = live_grants_for(person).filter(images__image=image, images__removed_at=None)
    grant = held.values_list("pk", flat=True).last()
    return panel_of(request, place, image.registry, ends=mine.until, grant=grant)
