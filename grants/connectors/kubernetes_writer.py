"""Changing a tenant: server-side apply of what is missing, deletion of what is ours and no longer wanted."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from grants.connectors.base import Entry
from grants.connectors.errors import ConnectorError, UnknownOutcome
from grants.connectors.kubernetes_objects import ACCOUNT, ACTIVE, ADOPT, PROJECT, STATE, storage_name
from grants.connectors.kubernetes_secrets import (
    RETIRING,
    Credentials,
    PullCredential,
    SecretFacts,
    again_for,
    facts_of,
    hosts_of,
    is_due,
    secret_manifest,
)
from grants.connectors.kubernetes_shared import Manifest
from grants.connectors.kubernetes_state import Tenant, covers
from grants.connectors.kubernetes_wire import Wire, collection

_FIXED_FOR_LIFE = {"RoleBinding": ("roleRef",), "LocalQueue": ("spec", "clusterQueue")}


class Writer:
    """Writes through a wire. Every method says whether it changed anything."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def write(self, tenant: Tenant, wanted: Iterable[Manifest]) -> bool:
        """Apply these, in order. Our own objects are put right by force; a namespace to adopt is asked for."""
        changed = False
        for manifest in wanted:
            found = tenant.ours(manifest["kind"], manifest["metadata"]["name"])
            if found is not None and _must_be_made_anew(manifest, found):
                self._delete(manifest["kind"], found)
                found = None
            self._wire.apply(manifest, force=found is not None)
            changed = True
        return changed

    def drop(self, objects: Sequence[Manifest], *, kind: str = "RoleBinding") -> bool:
        """Delete exactly these objects, which the caller knows to be ours."""
        for found in objects:
            self._delete(kind, found)
        return bool(objects)

    def drop_storage(self, tenant: Tenant, wanted: Iterable[Manifest]) -> bool:
        """Delete the tenant's storage container when it is not wanted."""
        kind = "ClusterStorageContainer"
        found = tenant.ours(kind, storage_name(tenant.name))
        if found is None or any(one["kind"] == kind for one in wanted):
            return False
        return self.drop([found], kind=kind)

    def use_up_adoption(self, tenant: Tenant) -> bool:
        """Take the label away by which an operator gave the namespace: it counts for one project, not for the next."""
        if not tenant.adoptable:
            return False
        self._wire.merge(f"{collection('Namespace')}/{tenant.name}", {"metadata": {"labels": {ADOPT: None}}})
        return True

    def renew_account(self, tenant: Tenant) -> bool:
        """Delete the account that pulled: its successor has another UID, so nodes check its right to cached images.

        Source: KEP-2535. Nodes remember namespace, name and UID of the account or secret an image was pulled with.
        """
        found = tenant.ours("ServiceAccount", ACCOUNT)
        if found is None or (found["metadata"].get("annotations") or {}).get(STATE) != ACTIVE:
            return False
        del tenant.objects["ServiceAccount", ACCOUNT]
        return self.drop([found], kind="ServiceAccount")

    def _delete(self, kind: str, found: Manifest) -> None:
        meta = found["metadata"]
        path = f"{collection(kind, meta.get('namespace', ''))}/{meta['name']}"
        self._wire.delete(path, uid=str(meta.get("uid", "")))


def _must_be_made_anew(wanted: Manifest, found: Manifest) -> bool:
    """Whether a field differs that the API server never lets change."""
    one: Any = wanted
    other: Any = found
    for part in _FIXED_FOR_LIFE.get(wanted["kind"], ()):
        one, other = one[part], (other or {}).get(part)
    return one is not wanted and not covers(one, other)


class PullSecrets:
    """Keeps the pull secret of each tenant young, and ends what credentials were made and are not in use."""

    def __init__(self, wire: Wire, credentials: Credentials) -> None:
        self._wire = wire
        self._credentials = credentials

    @property
    def kept(self) -> bool:
        """Whether tenants have a pull secret."""
        return self._credentials.make is not None

    def keep(self, tenant: Tenant, entry: Entry, *, now: datetime) -> bool:
        """Finish a rotation that was begun; begin one when it is due. Whether anything changed."""
        changed = self._finish(tenant.ours("Secret", ACCOUNT))
        found = tenant.ours("Secret", ACCOUNT)
        facts = facts_of(found) if found else None
        hosts, project, make = hosts_of(entry.values("image")), entry.first("project"), self._credentials.make
        if make is None:
            return changed
        works = self._works(tenant, facts, project)
        due = is_due(facts, tenant=tenant.name, hosts=hosts, now=now)
        if works and (not due or self._must_wait(tenant, facts, project, hosts=hosts, now=now)):
            return changed
        credential = make(tenant.name, project)
        if self._replace(tenant, found, credential, hosts=hosts, now=now):
            self._finish(self._wire.get(_path(tenant.name), bare=True))
        return True

    def _works(self, tenant: Tenant, facts: SecretFacts | None, project: str) -> bool:
        """Whether what the secret names still works; whatever else was made for the tenant is ended.

        That is what a call left behind whose answer never came, or a worker that was killed in between. Should such a
        call arrive late and write its secret after all, the next look finds that its credential works no more.
        """
        named = frozenset({facts.username}) if facts else frozenset()
        return self._credentials.sweep(tenant.name, project, named) == named

    def _must_wait(
        self, tenant: Tenant, facts: SecretFacts | None, project: str, *, hosts: frozenset[str], now: datetime
    ) -> bool:
        """Whether only registries are missing that have no credential for the tenant yet."""
        if facts is None or is_due(facts, tenant=tenant.name, hosts=facts.hosts, now=now):
            return False
        return not self._credentials.ready(tenant.name, project, hosts - facts.hosts)

    def _replace(
        self,
        tenant: Tenant,
        found: Manifest | None,
        credential: PullCredential,
        *,
        hosts: frozenset[str],
        now: datetime,
    ) -> bool:
        """Write the new secret over the one that was read, and over no other; a failed one is ended at once.

        Whether it replaced a credential that is now to be ended.
        """
        facts = facts_of(found) if found else None
        retiring = facts.username if facts and facts.username != credential.username else ""
        manifest = secret_manifest(tenant.name, credential, hosts=hosts, now=now, retiring=retiring)
        if found is not None:
            manifest["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
        try:
            self._wire.apply(manifest, force=found is not None)
        except UnknownOutcome:
            raise  # it may be in use: the next read shows
        except ConnectorError:
            self._credentials.retire(credential.username)
            raise
        return bool(retiring)

    def _finish(self, secret: Manifest | None) -> bool:
        """End the credential that a secret replaced, then forget it. A crash in between repeats both."""
        facts = facts_of(secret) if secret else None
        if secret is None or facts is None or not facts.retiring:
            return False
        self._credentials.retire(facts.retiring)
        self._wire.merge(
            _path(str(secret["metadata"]["namespace"])), {"metadata": {"annotations": {RETIRING: None}}}
        )
        return True

    def end(self, tenant: Tenant) -> bool:
        """End the credentials first and then delete the secret, so that a crash in between loses none."""
        found = tenant.ours("Secret", ACCOUNT)
        self._credentials.sweep(tenant.name, tenant.note(PROJECT), frozenset())
        if found is None:
            return False
        facts = facts_of(found)
        for username in (facts.retiring, facts.username) if facts else ():
            if username:
                self._credentials.retire(username)
        self._wire.delete(_path(tenant.name), uid=str(found["metadata"].get("uid", "")))
        return True

    def times(
        self, tenant: Tenant, entry: Entry, *, now: datetime
    ) -> tuple[datetime | None, datetime | None]:
        """When the secret ends by itself, and when it must be looked at before that."""
        found = tenant.ours("Secret", ACCOUNT)
        facts = facts_of(found) if found and self.kept else None
        if facts is None:
            return None, None
        hosts = hosts_of(entry.values("image"))
        return facts.expires, again_for(facts, tenant=tenant.name, hosts=hosts, now=now)


def _path(namespace: str) -> str:
    return f"{collection('Secret', namespace)}/{ACCOUNT}"
