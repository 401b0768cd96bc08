"""Server-side apply, simplified: mappings are merged by leaf, lists are held as a whole. Pure.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any

from portal.sandbox.kubernetes.state import Manifest, Row

_IDENTITY = {"metadata\tname", "metadata\tnamespace", "metadata\tresourceVersion", "metadata\tuid"}
_ABSENT = object()
TAB = "\t"


class ManagerConflict(Exception):
    """Other managers hold fields with other values: `held` is manager and field of each."""

    def __init__(self, held: list[tuple[str, str]]) -> None:
        super().__init__("fields are held by others")
        self.held = held


def leaves(manifest: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every field that a manifest sets: its path and its value."""
    for name, value in manifest.items():
        path = f"{before}\t{name}" if before else name
        if path in _IDENTITY or path in ("apiVersion", "kind", "metadata\tmanagedFields"):
            continue
        if isinstance(value, Mapping) and value:
            yield from leaves(value, path)
        else:
            yield path, value


def value_at(manifest: Mapping[str, Any], path: str) -> Any:
    """The value of a leaf, or a mark of its own when it is absent."""
    found: Any = manifest
    for part in path.split("\t"):
        if not isinstance(found, Mapping) or part not in found:
            return _ABSENT
        found = found[part]
    return found


def applied(row: Row | None, manifest: Manifest, *, manager: str, force: bool) -> Row:
    """The object after this manager applied the manifest. Raises ManagerConflict."""
    old = row.object if row else {key: manifest[key] for key in ("apiVersion", "kind")}
    managers = dict(row.managers) if row else {}
    wanted = dict(leaves(manifest))
    held = _conflicts(old, managers, wanted, manager)
    if held and not force:
        raise ManagerConflict(held)
    for other, field in held:
        managers[other] = tuple(one for one in managers[other] if one != field)
    made = copy.deepcopy(old)
    for path in set(managers.get(manager, ())) - wanted.keys():
        if not any(path in held for name, held in managers.items() if name != manager):
            drop_at(made, path)
    for path, value in wanted.items():
        set_at(made, path, value)
    return Row(made, {**managers, manager: tuple(sorted(wanted))})


def _conflicts(
    old: Manifest, managers: Mapping[str, tuple[str, ...]], wanted: Mapping[str, Any], manager: str
) -> list[tuple[str, str]]:
    others = {name: set(held) for name, held in managers.items() if name != manager}
    different = [path for path, value in wanted.items() if value_at(old, path) not in (value, _ABSENT)]
    return [(name, path) for path in different for name, held in others.items() if path in held]


def merged(row: Row, patch: Manifest, *, manager: str) -> Row:
    """The object after a merge patch (RFC 7396) by this manager."""
    made, managers = copy.deepcopy(row.object), dict(row.managers)
    for path, value in leaves(patch):
        managers = {name: tuple(one for one in held if one != path) for name, held in managers.items()}
        if value is None:
            drop_at(made, path)
        else:
            set_at(made, path, value)
            managers[manager] = (*managers.get(manager, ()), path)
    return Row(made, managers)


def set_at(made: Manifest, path: str, value: Any) -> None:
    """Set one leaf."""
    *parents, last = path.split("\t")
    for part in parents:
        made = made.setdefault(part, {})
    made[last] = copy.deepcopy(value)


def drop_at(made: Manifest, path: str) -> None:
    """Take one leaf away, if it is there."""
    *parents, last = path.split("\t")
    for part in parents:
        made = made.get(part) or {}
    made.pop(last, None)


def shown(row: Row) -> Manifest:
    """The object as the server answers it, with who manages what in brief."""
    entries = [
        {
            "manager": name,
            "operation": "Apply",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:" + one.split(TAB)[0]: {} for one in held},
        }
        for name, held in sorted(row.managers.items())
        if held
    ]
    meta = {**row.object["metadata"], "managedFields": entries}
    return {**row.object, "metadata": meta}
