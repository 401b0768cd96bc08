"""How to get a client for a registry. The top of the house registers it, because tokens are made there."""

from collections.abc import Callable

from grants.catalogue.models import Registry
from grants.catalogue.sync import Reader

Factory = Callable[[Registry], Reader]
_factories: dict[str, Factory] = {}


def register_reader(kind: str, factory: Factory) -> None:
    """Say how clients for registries of this kind are made."""
    _factories[kind] = factory


def reader_for(registry: Registry) -> Reader:
    """A client for the registry. Raises KeyError when its kind has none."""
    return _factories[registry.kind](registry)
