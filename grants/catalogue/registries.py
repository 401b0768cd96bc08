"""Which registries and clusters Purser knows: kept from the settings and from the operator's file, and recorded."""

from typing import Any

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.catalogue.models import Cluster, Registry
from grants.catalogue.signals import target_changed
from grants.catalogue.target_file import TargetFile

TRUST_OPTIONS = frozenset({"jwks", "jwks_url", "jwks_ca", "keyless_push"})
"""What `trust_cluster` writes among a cluster's options."""


def keep_registry(
    *, key: str, name: str, host: str, api_url: str, service: str, by: Actor
) -> tuple[Registry, bool]:
    """The registry with this key, made or corrected; and whether anything changed.

    host: what stands before the first slash of a reference; api_url: where Purser reads it; service: what its
    `auth.token.service` says. Records `grants.registry.added` or `.changed`.
    """
    wanted = {"name": name, "host": host, "api_url": api_url, "service": service}
    return _kept(Registry, "registry", key, wanted, by=by)


def keep_targets(*, file: TargetFile, by: Actor) -> list[tuple[str, bool]]:
    """Make or correct every target of the file, all or none: (key, whether anything changed) of each.

    A target that no longer stands in the file is left as it is: access there must end first. Records
    `grants.registry.added` or `.changed`, `grants.cluster.added` or `.changed`.
    """
    with audited(by=by):
        kept = []
        for target in [*file.registry, *file.cluster]:
            wanted = target.model_dump(exclude={"key"})
            if isinstance(wanted.get("service"), str):
                wanted["service"] = wanted["service"] or target.key
                _row, changed = _kept(Registry, "registry", target.key, wanted, by=by)
            else:
                _row, changed = _kept(Cluster, "cluster", target.key, _with_trust(target.key, wanted), by=by)
            kept.append((target.key, changed))
    return kept


def _with_trust(key: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """A cluster as the file wants it, with the trust of `trust_cluster` kept where the file says nothing of it."""
    found = Cluster.objects.filter(key=key).first()
    if found is None:
        return wanted
    trusted = {name: value for name, value in found.options.items() if name in TRUST_OPTIONS}
    said = {name: wanted[name] or getattr(found, name) for name in ("issuer", "audience")}
    return {**wanted, **said, "options": trusted | wanted["options"]}


def _kept(model: Any, what: str, key: str, wanted: dict[str, Any], *, by: Actor) -> tuple[Any, bool]:
    with audited(by=by):
        found = model.objects.select_for_update(no_key=True, of=("self",)).filter(key=key).first()
        if found and all(getattr(found, field) == value for field, value in wanted.items()):
            return found, False
        row, made = model.objects.update_or_create(key=key, defaults=wanted)
        record(
            f"grants.{what}.{'added' if made else 'changed'}", subject=f"{what}:{key}", detail=dict(wanted)
        )
        target_changed.send(sender=model, key=key)
    return row, True
