"""Says what changed between two states of a request, for the ledger and the timeline."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from approvals.requests.answers import FIELD_CHECKS
from approvals.requests.models import Request


def snapshot(request: Request) -> dict[str, Any]:
    """The answers of a request as plain values, to say afterwards what changed."""
    plain = {name: getattr(request, name) for name in FIELD_CHECKS if name != "project"}
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in plain.items()
    }
    members = request.members.filter(left_out=False).values_list("raw", "person_id")
    return {
        **values,
        "project": request.project.key if request.project else None,
        "images": sorted(str(image) for image in request.images.select_related("image")),
        "members": sorted(f"person:{person}" if person else raw for raw, person in members),
    }


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """What changed: `{"field": {"before", "after"}}`, and for lists `{"added", "removed"}`."""
    changed: dict[str, Any] = {}
    for name in (name for name in after if before[name] != after[name]):
        old, new = before[name], after[name]
        if isinstance(new, list):
            added, removed = sorted(set(new) - set(old)), sorted(set(old) - set(new))
            changed[name] = {"added": added, "removed": removed}
        else:
            changed[name] = {"before": old, "after": new}
    return changed
