"""Types of GPUs: many names of sources, one name of ours."""

from collections.abc import Iterable, Sequence

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from audit.costs.errors import CostConflict, CostError, CostNotFound
from audit.costs.gpu_names import folded, label_of
from audit.costs.models import GpuType
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record

COLOURS = 6
"""Charts have so many; a type beyond them is drawn as other."""


def known_types() -> dict[str, str]:
    """Every folded name and what it means: name -> key."""
    names: dict[str, str] = {}
    for key, aliases in GpuType.objects.values_list("key", "aliases"):
        names |= dict.fromkeys(aliases, key) | {key: key}
    return names


def ensure_types(names: Iterable[str]) -> None:
    """Create what nobody has named yet, each with its folded name as key and the name as label.

    Part of the change that brought the names; says nothing of its own in the ledger.
    """
    known = known_types()
    labels = {folded(name): label_of(name) for name in sorted(set(names), reverse=True)}
    fresh = [key for key in sorted(labels) if key and key not in known]
    if not fresh:
        return
    used = GpuType.objects.filter(colour__lt=COLOURS).aggregate(Max("colour"))["colour__max"]
    first = -1 if used is None else used
    rows = [
        GpuType(key=key, label=labels[key], colour=min(first + n, COLOURS))
        for n, key in enumerate(fresh, start=1)
    ]
    GpuType.objects.bulk_create(rows, ignore_conflicts=True)


def change_gpu_type(*, key: str, label: str, aliases: Sequence[str], colour: int, by: Actor) -> GpuType:
    """Say how pages call a type, which names of sources mean it, and its colour (0 to 6).

    Rows that were stored under another name stay there. Records `audit.gpu-type.changed`. Raises CostNotFound
    for an unknown key, CostConflict `alias_taken` when a name means another type, CostError for a bad colour.
    """
    wanted = sorted({folded(alias) for alias in aliases} - {"", key})
    if not label.strip() or not 0 <= colour <= COLOURS:
        raise CostError("bad_gpu_type", _("A type has a name and a colour from 0 to 6."))
    with audited(by=by):
        types = {one.key: one for one in GpuType.objects.select_for_update(no_key=True).order_by("key")}
        if key not in types:
            raise CostNotFound("no_such_gpu_type", _("There is no such GPU type."))
        taken = sorted(
            alias
            for alias in wanted
            for one in types.values()
            if one.key != key and alias in (one.key, *one.aliases)
        )
        if taken:
            raise CostConflict("alias_taken", _("Another type has this name."), {"faults": taken})
        row = types[key]
        row.label, row.aliases, row.colour = label.strip(), wanted, colour
        row.save(update_fields=["label", "aliases", "colour"])
        record(
            "audit.gpu-type.changed",
            subject=f"gpu-type:{key}",
            detail={"label": row.label, "aliases": wanted, "colour": colour},
        )
    return row
