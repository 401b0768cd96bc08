"""Everything the page of one grant shows: its people and images with their deliveries, pulls and history."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.pulls.selectors import counted_pulls, pulls_in
from grants.delivery.models import Attempt, Delivery
from grants.delivery.permissions import may_retry
from grants.delivery.selectors import AtSystem, deliveries_of, progress, systems_of
from grants.delivery.states import Status
from grants.delivery.targets import Target, targets_named
from grants.lifecycle.models import Grant, GrantImage, GrantMember
from grants.lifecycle.permissions import roles_of
from grants.lifecycle.states import ALLOWING, refusal_code
from grants.tracker.selectors import ending_of
from portal.edges.scopes import pull_scope
from portal.live.topics import versions
from portal.pages.access import viewer_of
from portal.pages.grants.causes import cause_of
from portal.pages.grants.history import history_of
from portal.pages.grants.listing import request_of
from portal.pages.places import TARGET_KINDS
from portal.pages.pull_panel import Panel, panel_of, place_of, usable_images

MOST_PULLS = 10
AFTER_OWN_END: Mapping[str, Promise] = {
    "harbor": _(
        "Tokens that Harbor gave before then work up to 30 minutes longer, unless set otherwise there."
    ),
    "google": _("Google may take minutes, sometimes hours, to act on it."),
    "kubernetes": _("Pulling with the namespace's own secret ends; roles and the list of images stay."),
}
MOVES = ("give_back", "extend", "revoke")


@dataclass(frozen=True)
class Line:
    """How far one delivery is, in words: at which system, and the cause, which is empty while nothing failed."""

    delivery: Delivery
    cause: str
    system: str = ""


@dataclass(frozen=True)
class MemberRow:
    """One person of the bundle: how far their access is, and when they last used it."""

    member: GrantMember
    lines: list[Line]
    last: datetime | None
    pulls: int


@dataclass(frozen=True)
class SystemRow:
    """One system: how far the whole grant is there, and the lines that are neither a person nor an image.

    `afterwards`: what may still work after the system's own end.
    """

    progress: AtSystem
    name: str
    kind: Promise | str
    others: list[Line]
    afterwards: Promise | str = ""

    @property
    def by_tokens(self) -> bool:
        """Whether nothing is kept there: the tokens Purser signs end with the access."""
        return self.kind == TARGET_KINDS["distribution"]


@dataclass(frozen=True)
class ImageRow:
    """One image of the bundle and how far it is."""

    row: GrantImage
    lines: list[Line]


def detail_of(request: HttpRequest, grant: Grant) -> dict[str, Any]:
    """The context of a grant's page."""
    viewer = viewer_of(request)
    deliveries = deliveries_of([grant])[grant.pk]
    named = targets_named({row.target for row in deliveries})
    lines = _lines(deliveries, named)
    pulls = counted_pulls(pulls_in(pull_scope(viewer)), grant=grant.label)
    used = {row["person"]: row for row in _use_by_person(pulls)}
    mine = viewer.person.label
    return {
        "grant": grant,
        "request_id": request_of(grant),
        "ending": ending_of(grant.project) if grant.live else "",
        "progress": progress(grant, deliveries),
        "systems": [_system(one, named, lines) for one in systems_of(deliveries, named)],
        "members": [_member(row, lines, used) for row in grant.members.all()],
        "images": [_image(row, lines) for row in grant.images.all()],
        "robots": [line for key, found in lines.items() if key.startswith("robot:") for line in found],
        "pulls": list(pulls[:MOST_PULLS]),
        "my_last": next(iter(pulls.filter(person=mine)[:1]), None),
        "history": history_of(grant),
        "panels": _panels(request, grant),
        "may": _moves(grant, viewer, deliveries),
        "version": versions([grant.label])[grant.label],
    }


def _system(one: AtSystem, named: Mapping[str, Target], lines: dict[str, list[Line]]) -> SystemRow:
    target = named.get(one.target)
    keys = {row.pk for row in one.others}
    others = [line for found in lines.values() for line in found if line.delivery.pk in keys]
    kind = target.kind if target else ""
    name = target.name if target else one.target
    return SystemRow(one, name, TARGET_KINDS.get(kind, kind), others, AFTER_OWN_END.get(kind, ""))


def _image(row: GrantImage, lines: dict[str, list[Line]]) -> ImageRow:
    registry = row.image.registry.key
    return ImageRow(
        row, [line for line in lines.get(row.image.repository, []) if line.delivery.target == registry]
    )


def _lines(deliveries: Iterable[Delivery], named: Mapping[str, Target]) -> dict[str, list[Line]]:
    kinds = _failure_kinds([row.pk for row in deliveries if row.failures])
    found: dict[str, list[Line]] = {}
    for row in deliveries:
        cause = cause_of(kinds.get(row.pk, "")) if row.failures else ""
        system = named[row.target].name if row.target in named else row.target
        found.setdefault(row.key, []).append(Line(row, cause, system))
    return found


def _failure_kinds(keys: list[int]) -> dict[int, str]:
    """The kind of each failing line's newest error: one query, none when nothing fails."""
    if not keys:
        return {}
    newest = Attempt.objects.filter(delivery__in=keys).exclude(error_kind="").order_by("delivery_id", "-pk")
    return dict(newest.distinct("delivery_id").values_list("delivery_id", "error_kind"))


def _use_by_person(pulls: Any) -> Any:
    return pulls.order_by().values("person").annotate(last=Max("at"), n=Count("pk"))


def _member(row: GrantMember, lines: dict[str, list[Line]], used: dict[str, Any]) -> MemberRow:
    use = used.get(row.person.label, {})
    return MemberRow(row, lines.get(row.person.label, []), use.get("last"), use.get("n", 0))


def _moves(grant: Grant, viewer: Any, deliveries: Iterable[Delivery]) -> dict[str, bool]:
    roles = roles_of(grant, viewer)
    may = {move: refusal_code(move, status=grant.status, roles=roles) is None for move in MOVES}
    failing = any(row.failures and row.status != Status.PROVEN for row in deliveries)
    return {**may, "retry": failing and may_retry(grant, viewer)}


def _panels(request: HttpRequest, grant: Grant) -> list[Panel]:
    person = viewer_of(request).person
    held = any(row.person_id == person.pk and row.removed_at is None for row in grant.members.all())
    if not held or grant.status not in ALLOWING or grant.ends <= timezone.now():
        return []
    usable = [
        (place_of(row.image, person, tag=row.tag, digest=row.digest), row.image.registry)
        for row in usable_images(grant)
    ]
    return [
        panel_of(request, place, registry, ends=grant.ends, grant=grant.pk)
        for place, registry in usable
        if place.reference
    ]
