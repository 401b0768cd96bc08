"""Rows of the catalogue's list and the facts of one image, as people read them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.policy.texts import lane_label
from approvals.requests.timing import median_approval_times
from approvals.routing.services import lanes_for
from grants.catalogue.models import Image, Scan, Tag
from grants.catalogue.selectors import images_visible_to, search_images, with_newest
from grants.directory.standing import Standing
from grants.lifecycle.models import GrantMember
from grants.lifecycle.states import ALLOWING
from portal.pages.catalogue.standing import Mine, held_images, standing_to, team_images


@dataclass(frozen=True)
class TagRow:
    """One tag, what it points to, and its newest scan."""

    tag: Tag
    scan: Scan | None
    stale: bool

    @property
    def short(self) -> str:
        """The digest's first characters, enough to compare by eye."""
        return self.tag.version.digest.removeprefix("sha256:")[:12]


@dataclass(frozen=True)
class ImageRow:
    """One image of the list. `newest` is None for an image without tags; `usual` is empty when unknown."""

    image: Image
    newest: TagRow | None
    lanes: str
    usual: str
    mine: Mine
    ticked: bool

    @property
    def name(self) -> str:
        """What people call it: its title, else its repository."""
        return self.image.title or self.image.repository


def narrowed_images(viewer: Standing, wanted: dict[str, Any]) -> QuerySet[Image]:
    """The images the viewer may see, narrowed as the filter form says, by name."""
    images = search_images(images_visible_to(viewer).filter(present=True), wanted.get("q", ""))
    if access := wanted.get("access"):
        marks = {"open": {"restricted": False, "blocked": False}}
        images = images.filter(**marks.get(access, {access: True}))
    if have := wanted.get("have"):
        images = images.filter(pk__in=held_images(viewer) if have == "me" else team_images(viewer))
    if scan := wanted.get("scan"):
        images = _by_scan(images, scan)
    return images.order_by("repository", "pk")


def rows_of(
    images: Sequence[Image], viewer: Standing, ticked: Iterable[int], now: datetime
) -> list[ImageRow]:
    """The rows of one page. `images` were read with `with_newest`; three more queries, however many."""
    ids = [image.pk for image in images]
    mine, times, kept = standing_to(viewer, ids), median_approval_times(ids), set(ticked)
    return [
        ImageRow(
            image=image,
            newest=next(iter(tag_rows(image, now)), None),
            lanes=lane_names(image),
            usual=duration(times.get(image.pk)),
            mine=mine.get(image.pk, Mine()),
            ticked=image.pk in kept,
        )
        for image in images
    ]


def tag_rows(image: Image, now: datetime) -> list[TagRow]:
    """The tags of an image read with `with_newest`, the last moved first."""
    oldest = now - timedelta(days=settings.POLICY["scan_max_age_days"])
    rows = []
    for tag in image.newest_tags:  # type: ignore[attr-defined]  # put there by with_newest
        scan = next(iter(tag.version.newest_scans), None)
        rows.append(TagRow(tag, scan, stale=bool(scan and scan.scanned_at < oldest)))
    return rows


SEVERITIES: Mapping[str, Promise] = {
    "critical": gettext_lazy("Critical"),
    "high": gettext_lazy("High"),
    "medium": gettext_lazy("Medium"),
    "low": gettext_lazy("Low"),
    "unknown": gettext_lazy("Unknown severity"),
}


def readable_findings(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The findings of a report with their severity as a word people read."""
    return [
        one | {"severity": SEVERITIES.get(str(one.get("severity", "")).lower(), one.get("severity", ""))}
        for one in findings
    ]


def lane_names(image: Image) -> str:
    """Who approves requests for the image, as names of lanes."""
    return ", ".join(lane_label(name) for name in lanes_for([image.restricted]))


def duration(time: timedelta | None) -> str:
    """About how long, in one unit: "3 hours"; empty for unknown."""
    if time is None:
        return ""
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - only the distance counts
    return timesince(start, start + time, depth=1) if time >= timedelta(minutes=1) else _("under a minute")


def unread_registries(images: QuerySet[Image]) -> list[tuple[str, datetime | None]]:
    """Name and time of the last reading of each registry that could not be read since."""
    failing = images.exclude(registry__sync_error="").order_by()
    return list(failing.values_list("registry__name", "registry__synced_at").distinct())


def team_use(image: Image) -> list[tuple[str, int]]:
    """(team, people with access now) for each team that may use the image: counts only, never names."""
    held = GrantMember.objects.filter(
        removed_at=None,
        grant__status__in=ALLOWING,
        grant__images__image=image,
        grant__images__removed_at=None,
    )
    counted = held.values_list("grant__project__team__name").annotate(n=Count("person", distinct=True))
    return list(counted.order_by("grant__project__team__name"))


def whole_image(viewer: Standing, pk: int) -> Image | None:
    """One image the viewer may see, with tags, versions and newest scans; None when there is none."""
    return with_newest(images_visible_to(viewer).filter(pk=pk)).first()


def _by_scan(images: QuerySet[Image], scan: str) -> QuerySet[Image]:
    newer = Scan.objects.filter(version=OuterRef("version"), scanned_at__gt=OuterRef("scanned_at"))
    current = Scan.objects.filter(~Exists(newer), version__tags__image=OuterRef("pk"))
    critical = Exists(current.filter(critical__gt=0))
    if scan == "critical":
        return images.filter(critical)
    return images.filter(Exists(current), ~critical) if scan == "clean" else images.filter(~Exists(current))
