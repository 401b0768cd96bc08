"""How delivery finds a target, its connector and its layout, without knowing who makes them."""

from collections.abc import Callable, Iterable
from typing import Any

from grants.catalogue.models import Cluster, Registry
from grants.connectors.base import Connector, Layout
from grants.connectors.errors import Permanent

Target = Registry | Cluster
Factory = Callable[[Any], Connector]  # of the row that targets of the kind have: a Registry or a Cluster
Layouts = Callable[[Any], Layout]
Principals = Callable[[int], Iterable[str]]

_factories: dict[str, Factory] = {}
_layouts: dict[str, Layouts] = {}
_principals: list[Principals] = []


def register(kind: str, factory: Factory, layouts: Layouts | None = None) -> None:
    """Say who makes the connectors of targets of this kind, e.g. `distribution`. A second call replaces it.

    `layouts` makes the layout of a target that keeps entries; without one, Purser's own token service decides there
    and a line is only tried out.
    """
    _factories[kind] = factory
    _layouts.pop(kind, None)
    if layouts is not None:
        _layouts[kind] = layouts


def register_principals(principals: Principals) -> None:
    """Say who else holds a project's access: project id -> subjects such as `robot:<key>`. Replaces the last."""
    _principals[:] = [principals]


def target_of(key: str) -> Target | None:
    """The registry, else the cluster, with this key."""
    return Registry.objects.filter(key=key).first() or Cluster.objects.filter(key=key).first()


def targets_named(keys: Iterable[str]) -> dict[str, Target]:
    """These targets by key: two queries. One that is known no more is left out."""
    wanted = set(keys)
    rows: list[Target] = [*Registry.objects.filter(key__in=wanted), *Cluster.objects.filter(key__in=wanted)]
    return {row.key: row for row in rows}


def targets_with_layout() -> list[Target]:
    """Every target that keeps entries and that somebody has registered, by key."""
    rows: list[Target] = [*Registry.objects.filter(kind__in=_layouts), *clusters()]
    return sorted(rows, key=lambda row: row.key)


def clusters() -> list[Cluster]:
    """The clusters in use whose kind somebody has registered, by key."""
    return list(Cluster.objects.filter(active=True, kind__in=_layouts).order_by("key"))


def layout_of(target: Target) -> Layout | None:
    """How grants become entries at the target; None where Purser's own decision is all there is.

    Raises Permanent for options that cannot be read: no other error comes of what somebody wrote there.
    """
    make = _layouts.get(target.kind)
    try:
        return make(target) if make else None
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise Permanent(f"An option of {target.key} has the wrong form.") from error


def connector_for(target_key: str) -> Connector:
    """The connector of the target with this key.

    Raises Permanent, which the caller treats as the target's answer, when there is no such target or nobody has
    registered its kind.
    """
    target = target_of(target_key)
    factory = _factories.get(target.kind) if target else None
    if target is None or factory is None:
        raise Permanent(f"Nothing is set up to speak to the target {target_key}.")
    return factory(target)


def principals_of(project_id: int) -> list[str]:
    """The subjects besides people that hold what the project holds, e.g. its robots."""
    return [subject for principals in _principals for subject in principals(project_id)]
