"""Lines at registries whose token service is Purser: what to try for them, and what is left to take away."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from grants.catalogue.models import Image
from grants.connectors.base import Attributes, Entry
from grants.delivery.models import Delivery
from grants.delivery.states import Kind
from grants.delivery.targets import principals_of
from grants.lifecycle.access import Access, live_access, merged
from grants.lifecycle.models import Grant, GrantImage
from grants.lifecycle.rules import PULL, actions_of
from grants.lifecycle.selectors import allowing
from grants.lifecycle.states import ALLOWING


@dataclass(frozen=True, slots=True)
class Removal:
    """What to take away in one call. `partial`: somebody keeps pulling by another grant, only more than that ends."""

    entry: Entry
    partial: bool = False


def entry_to_apply(row: Delivery) -> Entry:
    """The connector's entry of a wanted line."""
    lines = _lines_at(row)
    if row.kind == Kind.IMAGE:
        line = next(line for line in lines if line.image.repository == row.key)
        return Entry(row.target, row.kind, row.key, _looked_at(line))
    images = [line.image for line in lines if line.allows]
    return _member_entry(row, images, actions_of(row.grant.role))


def removals_of(row: Delivery) -> tuple[list[Removal], str]:
    """What is left to take away for an unwanted line, and who keeps the rest (`grant:7`), or "".

    Whoever has the same access by another live grant keeps it: overlapping grants are counted.
    """
    return _image_removals(row) if row.kind == Kind.IMAGE else _member_removals(row)


def _member_removals(row: Delivery) -> tuple[list[Removal], str]:
    kept = merged(live_access(person_id=int(row.key.removeprefix("person:"))))
    groups: dict[frozenset[str], list[Image]] = defaultdict(list)
    for line in _lines_at(row):
        left = actions_of(row.grant.role) - _actions(kept.get(line.image_id))
        if left:
            groups[left].append(line.image)
    keepers = _keepers(kept[line.image_id] for line in _lines_at(row) if line.image_id in kept)
    removals = [
        Removal(_member_entry(row, images, actions), partial=PULL not in actions)
        for actions, images in sorted(groups.items(), key=lambda group: sorted(group[0]))
    ]
    return removals, keepers


def _image_removals(row: Delivery) -> tuple[list[Removal], str]:
    line = next(line for line in _lines_at(row) if line.image.repository == row.key)
    others = _holders(line.image)
    if not others:
        return [Removal(Entry(row.target, row.kind, row.key, _looked_at(line)))], ""
    subject = _somebody_without(row, line.image)
    if subject is None:
        return [], _joined(others)
    return [Removal(Entry(row.target, row.kind, row.key, (*_looked_at(line), ("subject", subject))))], ""


def _somebody_without(row: Delivery, image: Image) -> str | None:
    """One who lost the image with this grant; the people's own lines prove it for each of them."""
    for pk in row.grant.members.order_by("pk").values_list("person_id", flat=True):
        if not live_access(person_id=pk, repositories=[image.repository], registry_id=image.registry_id):
            return f"person:{pk}"
    return next(iter(_robots_without(row.grant, image)), None)


def _robots_without(grant: Grant, image: Image) -> list[str]:
    project, registry = grant.project_id, image.registry_id
    kept = live_access(project_id=project, repositories=[image.repository], registry_id=registry)
    return [] if kept else principals_of(project)


def _holders(image: Image) -> list[int]:
    """The live grants that still hold an image, whoever their people are."""
    held = GrantImage.objects.filter(allowing(), image=image, removed_at=None, grant__status__in=ALLOWING)
    return list(held.order_by("grant_id").values_list("grant_id", flat=True))


def _lines_at(row: Delivery) -> list[GrantImage]:
    lines = row.grant.images.filter(image__registry__key=row.target).select_related("image")
    return list(lines.order_by("image__repository"))


def _member_entry(row: Delivery, images: Iterable[Image], actions: Iterable[str]) -> Entry:
    reached = tuple(("image", image.repository) for image in images)
    return Entry(
        row.target, row.kind, row.key, reached + tuple(("action", action) for action in sorted(actions))
    )


def _looked_at(line: GrantImage) -> Attributes:
    return (("digest", line.digest),) if line.digest else (("tag", line.tag),) if line.tag else ()


def _actions(access: Access | None) -> frozenset[str]:
    return access.actions if access else frozenset()


def _keepers(kept: Iterable[Access]) -> str:
    return _joined(sorted({pk for access in kept for pk in access.grants.values()}))


def _joined(grant_ids: Iterable[int]) -> str:
    return ", ".join(f"grant:{pk}" for pk in list(grant_ids)[:5])
