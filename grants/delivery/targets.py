"""How delivery finds the connector of a target, without knowing who makes it."""

from collections.abc import Callable, Iterable

from grants.catalogue.models import Registry
from grants.connectors.base import Connector
from grants.connectors.errors import Permanent

Factory = Callable[[Registry], Connector]
Principals = Callable[[int], Iterable[str]]

_factories: dict[str, Factory] = {}
_principals: list[Principals] = []


def register(kind: str, factory: Factory) -> None:
    """Say who makes the connectors of registries of this kind, e.g. `distribution`. A second call replaces it."""
    _factories[kind] = factory


def register_principals(principals: Principals) -> None:
    """Say who else holds a project's access: project id -> subjects such as `robot:<key>`. Replaces the last."""
    _principals[:] = [principals]


def connector_for(target_key: str) -> Connector:
    """The connector of the registry with this key.

    Raises Permanent, which the caller treats as the target's answer, when there is no such registry or nobody
    has registered its kind.
    """
    registry = Registry.objects.filter(key=target_key).first()
    factory = _factories.get(registry.kind) if registry else None
    if registry is None or factory is None:
        raise Permanent(f"Nothing is set up to speak to the target {target_key}.")
    return factory(registry)


def principals_of(project_id: int) -> list[str]:
    """The subjects besides people that hold what the project holds, e.g. its robots."""
    return [subject for principals in _principals for subject in principals(project_id)]
