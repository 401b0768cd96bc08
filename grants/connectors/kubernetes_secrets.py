"""The pull secret of a tenant: its manifest, and when it must be replaced. Pure.

A Secret of type `kubernetes.io/dockerconfigjson`; when it was made and ends stands in annotations, so that nothing
needs to read its content again.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from grants.connectors.kubernetes_objects import ACCOUNT
from grants.connectors.kubernetes_shared import MANAGED_BY, MANAGER, TENANT, Manifest

ISSUED, EXPIRES = "purser.dev/issued", "purser.dev/expires"
USERNAME, HOSTS, RETIRING = "purser.dev/username", "purser.dev/hosts", "purser.dev/retiring"
DOCKER_CONFIG, KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"
_LONGEST_LIFE = timedelta(days=366)
_LIFE_SPENT = 2 / 3  # a rotation is due then, less the jitter
_SOON, _LATER = timedelta(seconds=10), timedelta(minutes=2)
_JITTER = 0.1  # of the life: spreads the tenants made in one batch


@dataclass(frozen=True, slots=True)
class Login:
    """What one registry that keeps credentials of its own takes (a Harbor's robot)."""

    host: str
    username: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PullCredential:
    """A credential that pulls what the project holds. `expires`: UTC. `secret` is never shown.

    `more`: of registries with credentials of their own, made for this Secret alone. `missing`: those that had none yet.
    """

    hosts: tuple[str, ...]
    username: str
    secret: str = field(repr=False)
    expires: datetime
    more: tuple[Login, ...] = ()
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the credentials of pull secrets come from.

    `make(namespace, project)`: a new one; None: tenants pull without a Secret of ours. `retire(username)` ends one that
    was replaced or is not needed any more, and must accept one that is ended already. `sweep(namespace, project,
    named)` ends all others that were ever made for a tenant, and says which of those named still work.
    `ready(namespace, project, hosts)`: whether a new one would cover more of these hosts, which the Secret lacks.
    """

    make: Callable[[str, str], PullCredential] | None = None
    retire: Callable[[str], None] = lambda username: None
    sweep: Callable[[str, str, frozenset[str]], frozenset[str]] = lambda namespace, project, named: named
    ready: Callable[[str, str, frozenset[str]], bool] = lambda namespace, project, hosts: True


@dataclass(frozen=True, slots=True)
class SecretFacts:
    """What a pull Secret says about itself. `retiring`: the credential it replaced, still to be ended."""

    username: str
    issued: datetime
    expires: datetime
    hosts: frozenset[str]
    retiring: str = ""


def hosts_of(images: Iterable[str]) -> frozenset[str]:
    """The registries of these references."""
    return frozenset(image.partition("/")[0] for image in images)


def facts_of(secret: Mapping[str, Any]) -> SecretFacts | None:
    """The facts of a Secret of ours; None when its annotations do not say them or others wrote its content.

    A tenant's administrator can write annotations: what cannot be ours is not believed.
    """
    notes = secret["metadata"].get("annotations") or {}
    if _written_by_others(secret):
        return None
    try:
        found = SecretFacts(
            username=notes[USERNAME],
            issued=_moment(notes[ISSUED]),
            expires=_moment(notes[EXPIRES]),
            hosts=frozenset(notes[HOSTS].split(",")),
            retiring=notes.get(RETIRING, ""),
        )
    except (KeyError, ValueError, OverflowError):
        return None
    return found if timedelta() < found.expires - found.issued <= _LONGEST_LIFE else None


def _moment(text: str) -> datetime:
    """A time with its zone, UTC. Raises ValueError, OverflowError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found.astimezone(UTC)


def rotation_at(*, issued: datetime, expires: datetime, tenant: str) -> datetime:
    """When the secret is replaced: at two thirds of its life, up to a tenth of it earlier by the tenant's name."""
    share = int.from_bytes(hashlib.sha256(tenant.encode()).digest()[:4]) / 2**32
    return issued + (expires - issued) * (_LIFE_SPENT - _JITTER * share)


def again_for(facts: SecretFacts, *, tenant: str, hosts: frozenset[str], now: datetime) -> datetime:
    """When to look again: for the rotation; sooner while a registry is missing, soonest at first."""
    due = rotation_at(issued=facts.issued, expires=facts.expires, tenant=tenant)
    if hosts <= facts.hosts:
        return due
    return min(due, now + min(max(now - facts.issued, _SOON), _LATER))


def is_due(facts: SecretFacts | None, *, tenant: str, hosts: frozenset[str], now: datetime) -> bool:
    """Whether a new secret is needed now: none, near its end, or for registries it was not made for."""
    if facts is None or not hosts <= facts.hosts:
        return True
    return now >= rotation_at(issued=facts.issued, expires=facts.expires, tenant=tenant)


def secret_manifest(
    tenant: str, credential: PullCredential, *, hosts: frozenset[str], now: datetime, retiring: str = ""
) -> Manifest:
    """The Secret with this credential, ready to apply."""
    own = [Login(host, credential.username, credential.secret) for host in credential.hosts]
    auths = {login.host: _auth(login) for login in (*own, *credential.more)}
    config = json.dumps({"auths": auths}, sort_keys=True)
    notes = {
        ISSUED: now.astimezone(UTC).isoformat(timespec="seconds"),
        EXPIRES: credential.expires.astimezone(UTC).isoformat(timespec="seconds"),
        USERNAME: credential.username,
        HOSTS: ",".join(sorted(hosts - credential.missing)),
        **({RETIRING: retiring} if retiring else {}),
    }
    labels = {MANAGED_BY: MANAGER, TENANT: tenant}
    meta = {"name": ACCOUNT, "namespace": tenant, "labels": labels, "annotations": notes}
    data = {KEY: base64.b64encode(config.encode()).decode()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": DOCKER_CONFIG, "data": data}


def _auth(login: Login) -> dict[str, str]:
    pair = base64.b64encode(f"{login.username}:{login.secret}".encode()).decode()
    return {"username": login.username, "password": login.secret, "auth": pair}


def _written_by_others(secret: Mapping[str, Any]) -> bool:
    """Whether a manager besides us holds the content: read from the metadata, as the content never is."""
    entries = secret["metadata"].get("managedFields") or []
    return any(one.get("manager") != MANAGER and "f:data" in (one.get("fieldsV1") or {}) for one in entries)
