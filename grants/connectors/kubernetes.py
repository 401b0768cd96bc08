"""Kubernetes as a target: each project's namespace, prepared, kept, and emptied of access when its grants end.

What a tenant consists of is in `kubernetes_objects`; how a pod's images are judged, in `kubernetes_images`.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from grants.connectors.base import Change, Entry, Outcome, ProbeResult, Scope
from grants.connectors.collector import without_collector
from grants.connectors.kubernetes_objects import ACTIVE, PROJECT, STATE, Abilities, active, held
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_proof import Prover
from grants.connectors.kubernetes_reader import Reader, found_abilities
from grants.connectors.kubernetes_secrets import Credentials
from grants.connectors.kubernetes_state import (
    Tenant,
    check_usable,
    entry_of,
    left_over,
    missing,
    remains,
)
from grants.connectors.kubernetes_wire import Wire
from grants.connectors.kubernetes_writer import PullSecrets, Writer

MANY = 20  # entries from which on listing everything costs fewer calls
SHARED_FRESH = timedelta(minutes=1)  # how long the cluster-wide objects are taken as they were last seen
ABILITIES_FRESH = timedelta(minutes=5)
NO_SECRETS = Credentials()


def _utc_now() -> datetime:
    return datetime.now(UTC)


class KubernetesConnector:
    """One cluster. Keep the instance: it remembers for minutes what the cluster can do.

    `configuration`: a `kubernetes.client.Configuration` with the address and how to sign in. `credentials`: of the
    tenants' pull secrets. `timeout`: seconds for each call. `patience`: seconds to wait until a change is in force at
    the API server.
    """

    def __init__(
        self,
        *,
        target: str,
        configuration: Any,
        options: KubernetesOptions,
        credentials: Credentials = NO_SECRETS,
        now: Callable[[], datetime] = _utc_now,
        timeout: float = 10.0,
        patience: float = 3.0,
    ) -> None:
        self._target = target
        self._options = options
        self._now = now
        wire = Wire(configuration, timeout=timeout)
        self._wire = wire
        self._reader = Reader(wire)
        self._writer = Writer(wire)
        self._secrets = PullSecrets(wire, credentials)
        self._prover = Prover(wire, options, patience=patience, sleep=time.sleep)
        self._abilities: tuple[datetime, Abilities] | None = None
        self._shared_seen: datetime | None = None

    def observe(self, scope: Scope) -> Sequence[Entry]:
        """The tenants that give something; what is not as it should be, as an attribute `amiss` each."""
        abilities = self._able()
        shared = [
            f"{one['kind']} {one['metadata']['name']}" for one in self._reader.shared_missing(abilities)
        ]
        with without_collector():
            found = [self._entry(tenant, abilities, shared) for tenant in self._tenants(scope, abilities)]
            return [entry for entry in found if entry is not None]

    def _tenants(self, scope: Scope, abilities: Abilities) -> list[Tenant]:
        names = {entry.key for entry in scope.entries}
        if names and len(names) <= MANY:
            return [self._reader.tenant(name, abilities) for name in sorted(names)]
        every = self._reader.tenants(abilities)
        return [tenant for tenant in every if tenant.name in names] if names else every

    def _entry(self, tenant: Tenant, abilities: Abilities, shared: Sequence[str]) -> Entry | None:
        return entry_of(
            tenant,
            target=self._target,
            options=self._options,
            abilities=abilities,
            pulls=self._secrets.kept,
            now=self._now(),
            shared_amiss=shared,
        )

    def foreign(self, scope: Scope) -> Iterable[Entry]:
        """Role bindings, quotas and pull secrets of others in our namespaces; 20 at most of each namespace."""
        names = {entry.key for entry in scope.entries}
        with without_collector():
            every = self._reader.foreign(self._target)
            return [entry for entry in every if not names or entry.key.partition("/")[0] in names]

    def apply(self, change: Change) -> Outcome:
        """Bring the tenant to the entry, and prove it: a granted image is admitted, any other refused."""
        entry, now, abilities = change.entry, self._now(), self._able()
        wanted = active(entry, self._options, abilities)
        tenant = self._reader.tenant(entry.key, abilities)
        check_usable(tenant, wanted, project=entry.first("project"), now=now)
        changed = self._ensure_shared(now, abilities)
        changed |= self._writer.drop(left_over(tenant, wanted))
        changed |= self._writer.drop_storage(tenant, wanted)
        changed |= self._writer.write(tenant, missing(tenant, wanted))
        changed |= self._writer.use_up_adoption(tenant)
        changed |= self._secrets.keep(tenant, entry, now=now)
        seen = self._reader.tenant(entry.key, abilities) if changed else tenant
        return self._outcome_of_use(change, seen, changed=changed, abilities=abilities)

    def _outcome_of_use(
        self, change: Change, seen: Tenant, *, changed: bool, abilities: Abilities
    ) -> Outcome:
        entry = change.entry
        found = self._entry(seen, abilities, ())
        amiss = found.values("amiss") if found else ("Namespace",)
        same = found is not None and set(found.attributes) == set(entry.attributes)
        if not same:
            said = f"Not seen as written yet: {', '.join(amiss) or 'its content'}."
            return self._said(change, changed=changed, proven=False, detail=said)
        if self._shared_seen is None:
            said = "Not seen as written yet: what all tenants share."
            return self._said(change, changed=changed, proven=False, detail=said)
        in_force, said = self._prover.in_use(entry)
        return Outcome(
            change, changed, in_force, said, self._now(), *self._secrets.times(seen, entry, now=self._now())
        )

    def remove(self, change: Change) -> Outcome:
        """Take all access out of the tenant and prove it: what was granted is refused. Its data stays."""
        name, now, abilities = change.entry.key, self._now(), self._able()
        tenant = self._sure_tenant(name, abilities)
        if tenant.empty:
            return self._said(change, changed=False, proven=True, detail="There is no tenant of ours.")
        until = tenant.held_until() or now + timedelta(days=self._options.hold_days)
        project, last = tenant.note(PROJECT), tenant.last_image()
        every = held(name, self._options, abilities, project=project, last=last, until=until)
        wanted = [one for one in every if not self._foreign(tenant, one)]
        first, rest = wanted[: 1 + abilities.kyverno], wanted[1 + abilities.kyverno :]
        changed = self._writer.write(tenant, missing(tenant, first))
        changed |= self._writer.drop(tenant.bindings())
        changed |= self._secrets.end(tenant)
        changed |= self._writer.renew_account(tenant)
        changed |= self._writer.drop_storage(tenant, wanted)
        if tenant.known and tenant.note(STATE) == ACTIVE:
            changed |= self._writer.use_up_adoption(tenant)
        changed |= self._writer.write(tenant, missing(tenant, rest))
        changed |= self._ensure_shared(now, abilities)
        seen = self._reader.tenant(name, abilities) if changed else tenant
        left = [*remains(seen), *(one["kind"] for one in missing(seen, wanted))]
        if left:
            said = f"Not seen as removed yet: {', '.join(left)}."
            return self._said(change, changed=changed, proven=False, detail=said)
        if not seen.known:
            said = "The namespace is not ours any more; what was ours in it is gone."
            return self._said(change, changed=changed, proven=True, detail=said)
        refused, said = self._prover.over(name, seen.last_image())
        return self._said(change, changed=changed, proven=refused, detail=said)

    def _sure_tenant(self, name: str, abilities: Abilities) -> Tenant:
        """As read; that it is not there is believed only when seen twice, as nothing is proven after that."""
        found = self._reader.tenant(name, abilities)
        return self._reader.tenant(name, abilities) if found.empty else found

    def _foreign(self, tenant: Tenant, manifest: dict[str, Any]) -> bool:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        return (kind, name) in tenant.objects and tenant.ours(kind, name) is None

    def _said(self, change: Change, *, changed: bool, proven: bool, detail: str) -> Outcome:
        return Outcome(change, changed=changed, proven=proven, detail=detail, at=self._now())

    def probe(self, entry: Entry) -> ProbeResult:
        """Try out one pod with an image of the entry, or with what was granted last; nothing is created."""
        image = entry.first("image") or self._reader.tenant(entry.key, self._able()).last_image()
        allowed, said = self._prover.attempt(entry, image)
        return ProbeResult(allowed=allowed, detail=said, at=self._now())

    def describe(self, entry: Entry) -> str:
        """What people see of a tenant."""
        images, gpus = len(entry.values("image")), entry.first("gpus", "0")
        return (
            f"The namespace {entry.key} may run {images} images and request {gpus} GPUs; "
            "its pods pull with the service account purser-pull."
        )

    def _able(self) -> Abilities:
        now = self._now()
        if self._abilities is None or now - self._abilities[0] > ABILITIES_FRESH:
            self._abilities = (now, found_abilities(self._wire, self._options))
        return self._abilities[1]

    def _ensure_shared(self, now: datetime, abilities: Abilities) -> bool:
        """The cluster-wide objects are there; looked at once a minute."""
        if self._shared_seen is not None and now - self._shared_seen < SHARED_FRESH:
            return False
        wrong = self._reader.shared_missing(abilities)
        for manifest in wrong:
            self._wire.apply(manifest, force=True)
        still_wrong = wrong and self._reader.shared_missing(abilities)
        self._shared_seen = None if still_wrong else now
        return bool(wrong)
