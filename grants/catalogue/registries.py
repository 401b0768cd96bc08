"""Which registries Purser is the token server of."""

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.catalogue.models import Registry


def keep_registry(
    *, key: str, name: str, host: str, api_url: str, service: str, by: Actor
) -> tuple[Registry, bool]:
    """The registry with this key, made or corrected; and whether anything changed.

    host: what stands before the first slash of a reference; api_url: where Purser reads it; service: what its
    `auth.token.service` says. Records `grants.registry.added` or `.changed`.
    """
    wanted = {"name": name, "host": host, "api_url": api_url, "service": service}
    with audited(by=by):
        found = Registry.objects.select_for_update(no_key=True, of=("self",)).filter(key=key).first()
        if found and all(getattr(found, field) == value for field, value in wanted.items()):
            return found, False
        registry, made = Registry.objects.update_or_create(key=key, defaults=wanted)
        verb = "added" if made else "changed"
        record(f"grants.registry.{verb}", subject=f"registry:{key}", detail=dict(wanted))
    return registry, True
