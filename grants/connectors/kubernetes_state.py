"""What was read of a tenant, compared with what it should be, and turned back into an entry. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from grants.connectors.base import Attributes, Entry
from grants.connectors.errors import Permanent, Transient
from grants.connectors.kubernetes_layout import TENANT_PLACE
from grants.connectors.kubernetes_objects import (
    ACCOUNT,
    ACTIVE,
    ADOPT,
    HELD,
    HELD_UNTIL,
    LAST_IMAGE,
    PROJECT,
    QUEUE,
    QUOTA,
    STATE,
    TEAM,
    Abilities,
    active,
    binding_name,
    storage_name,
)
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_secrets import facts_of
from grants.connectors.kubernetes_shared import IMAGES, MANAGED_BY, MANAGER, ROLES, TENANT, Manifest

Ident = tuple[str, str]  # kind, name
AMISS = "amiss"  # an attribute no layout makes: what is not as it should be


@dataclass(slots=True)
class Tenant:
    """Everything read of one namespace: `objects` by kind and name, ours and those that stand in our way."""

    name: str
    objects: dict[Ident, Manifest] = field(default_factory=dict)

    def add(self, kind: str, found: Manifest | None) -> None:
        """Note an object that was found."""
        if found is not None:
            self.objects[kind, found["metadata"]["name"]] = found

    def ours(self, kind: str, name: str) -> Manifest | None:
        """The object if it carries our marks."""
        found = self.objects.get((kind, name))
        ours = is_ours if kind != "Namespace" else _is_our_namespace
        return found if found is not None and ours(found, self.name) else None

    @property
    def namespace(self) -> Manifest | None:
        """The namespace itself, whoever's it is."""
        return self.objects.get(("Namespace", self.name))

    @property
    def known(self) -> bool:
        """Whether the namespace is a tenant of ours."""
        return self.ours("Namespace", self.name) is not None

    @property
    def empty(self) -> bool:
        """Whether nothing of ours is there."""
        return not any(self.ours(kind, name) for kind, name in self.objects)

    def bindings(self) -> list[Manifest]:
        """Our role bindings, those of roles nobody holds any more too."""
        every = [one for (kind, _), one in self.objects.items() if kind == "RoleBinding"]
        return [one for one in every if is_ours(one, self.name)]

    def note(self, name: str) -> str:
        """An annotation of the namespace."""
        return str(((self.namespace or {}).get("metadata", {}).get("annotations") or {}).get(name, ""))

    @property
    def adoptable(self) -> bool:
        """Whether an operator lets the next project have the namespace, with whatever is in it."""
        return ((self.namespace or {}).get("metadata", {}).get("labels") or {}).get(ADOPT) == "true"

    def last_image(self) -> str:
        """An image that was granted last, to try out a refusal with."""
        found = self.ours("ConfigMap", IMAGES) or {"metadata": {}}
        return str((found["metadata"].get("annotations") or {}).get(LAST_IMAGE, ""))

    def held_until(self) -> datetime | None:
        """Until when the emptied namespace is kept; None while it is in use."""
        text = self.note(HELD_UNTIL) if self.note(STATE) == HELD else ""
        return datetime.fromisoformat(text) if text else None


def is_ours(found: Mapping[str, Any], tenant: str) -> bool:
    """Whether an object carries both marks."""
    labels = found["metadata"].get("labels") or {}
    return labels.get(MANAGED_BY) == MANAGER and labels.get(TENANT) == tenant


def _is_our_namespace(found: Mapping[str, Any], tenant: str) -> bool:
    """One mark is enough for the namespace: who lost the other would else be out of our reach, with all access."""
    labels = found["metadata"].get("labels") or {}
    return labels.get(MANAGED_BY) == MANAGER or labels.get(TENANT) == tenant


def covers(wanted: Any, found: Any) -> bool:
    """Whether everything wanted is found so; what the server or others added to a mapping does not matter.

    Lists must be equal item by item: a subject or a peer more is a difference.
    """
    if wanted == found:
        return True  # most parts are, and this way a scan of thousands takes a third of the time
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(covers(one, found.get(name)) for name, one in wanted.items())
    if isinstance(wanted, list):
        other = found or []
        pairs = zip(wanted, other, strict=False)
        return len(wanted) == len(other) and all(covers(one, its) for one, its in pairs)
    return bool(wanted == "" and found is None) or _same_quantity(wanted, found)


def _same_quantity(wanted: object, found: object) -> bool:
    """Quantities come back in another spelling: 1000m as 1."""
    if not (isinstance(wanted, str) and isinstance(found, str) and wanted[:1].isdigit()):
        return False
    try:
        return bool(_quantity(wanted) == _quantity(found))
    except ValueError:
        return False


def _quantity(text: str) -> Decimal:
    return Decimal(parse_quantity(text))  # type: ignore[no-untyped-call]


def check_usable(tenant: Tenant, wanted: Sequence[Manifest], *, project: str, now: datetime) -> None:
    """Raises Transient while the namespace is being deleted, Permanent when it or an object in it is not ours.

    Permanent too while it serves another project, or is held with another one's data in it.
    """
    namespace = tenant.namespace or {}
    if (namespace.get("status") or {}).get("phase") == "Terminating":
        raise Transient(f"Kubernetes is still deleting the namespace {tenant.name}.", retry_after=5.0)
    if tenant.known and tenant.note(PROJECT) != project:
        _check_free(tenant, now)
    _stands_in_the_way(tenant, wanted)


def _check_free(tenant: Tenant, now: datetime) -> None:
    """Another project is let in only when the hold is over and an operator says so: the data is still there.

    Whose data it is may not be known: then it is nobody's but an operator's to give. Raises Permanent.
    """
    other = tenant.note(PROJECT)
    if other and tenant.note(STATE) == ACTIVE:
        raise Permanent(f"The namespace {tenant.name} already serves the project {other}.")
    if not other and tenant.note(STATE) != HELD:
        return  # its notes were taken off, and are put back
    until, label = tenant.held_until(), f'{ADOPT}: "true"'
    whose = (
        f"The namespace {tenant.name} keeps data of {f'the project {other}' if other else 'a project before'}"
    )
    if until is not None and now < until:
        day = until.isoformat(timespec="minutes")
        raise Permanent(
            f"{whose} and is held for it until {day}. After that an operator can give it to another project "
            f"with the label {label}, or at any time delete the namespace."
        )
    if not tenant.adoptable:
        raise Permanent(
            f"{whose}, though it is not held for it any more. An operator can give it to another project "
            f"with the label {label}, or delete the namespace."
        )


def _stands_in_the_way(tenant: Tenant, wanted: Sequence[Manifest]) -> None:
    """Raises Permanent for an object of somebody else where one of ours belongs. An adoptable namespace is fine."""
    for manifest in wanted:
        kind, name = manifest["kind"], manifest["metadata"]["name"]
        found = tenant.objects.get((kind, name))
        if found is None or tenant.ours(kind, name) or (kind == "Namespace" and tenant.adoptable):
            continue
        where = f"the namespace {name}" if kind == "Namespace" else f"{kind} {name} in {tenant.name}"
        raise Permanent(
            f"Kubernetes already has {where}, which belongs to {owner_of(found)} and not to Purser."
        )


def owner_of(found: Mapping[str, Any]) -> str:
    """Who looks after a foreign object: its label, else the first manager of its fields."""
    meta = found["metadata"]
    named = (meta.get("labels") or {}).get(MANAGED_BY)
    managers = [str(one.get("manager")) for one in meta.get("managedFields") or [] if one.get("manager")]
    return str(named or (managers[0] if managers else "somebody"))


def missing(tenant: Tenant, wanted: Sequence[Manifest]) -> list[Manifest]:
    """Those that are not there, not ours, or not as wanted."""
    return [one for one in wanted if not _in_place(tenant, one)]


def left_over(tenant: Tenant, wanted: Sequence[Manifest]) -> list[Manifest]:
    """Role bindings of ours that are not wanted any more."""
    names = {one["metadata"]["name"] for one in wanted if one["kind"] == "RoleBinding"}
    return [one for one in tenant.bindings() if one["metadata"]["name"] not in names]


def _in_place(tenant: Tenant, manifest: Manifest) -> bool:
    found = tenant.ours(manifest["kind"], manifest["metadata"]["name"])
    wanted = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
    return found is not None and covers(wanted, found)


def entry_of(
    tenant: Tenant,
    *,
    target: str,
    options: KubernetesOptions,
    abilities: Abilities,
    pulls: bool,
    now: datetime,
    shared_amiss: Sequence[str] = (),
) -> Entry | None:
    """The tenant as the layout would have made it; None when it gives nothing (never made, or held and empty).

    What differs from the tenant that these facts make is an attribute `amiss` each, so that it never compares equal.
    """
    if not tenant.known:
        return None
    facts = _facts(tenant, options)
    if tenant.note(STATE) == HELD and not remains(tenant):
        return None
    seen = Entry(target, TENANT_PLACE, tenant.name, facts)
    wanted = active(seen, options, abilities)
    amiss = [f"{one['kind']} {one['metadata']['name']}" for one in missing(tenant, wanted)]
    amiss += [f"RoleBinding {one['metadata']['name']}" for one in left_over(tenant, wanted)]
    if pulls and _secret_amiss(tenant, now):
        amiss.append(f"Secret {ACCOUNT}")
    more = tuple((AMISS, one) for one in sorted({*amiss, *shared_amiss}))
    return Entry(target, TENANT_PLACE, tenant.name, tuple(sorted((*facts, *more))))


def _secret_amiss(tenant: Tenant, now: datetime) -> bool:
    found = tenant.ours("Secret", ACCOUNT)
    facts = facts_of(found) if found else None
    return facts is None or facts.expires <= now


def _facts(tenant: Tenant, options: KubernetesOptions) -> Attributes:
    listed = (tenant.ours("ConfigMap", IMAGES) or {}).get("data") or {}
    facts = {("image", name) for name in str(listed.get("images", "")).split("\n") if name}
    for role in ROLES:
        bound = tenant.ours("RoleBinding", binding_name(role)) or {}
        facts |= {(role, str(one.get("name", ""))) for one in bound.get("subjects") or []}
    hard = ((tenant.ours("ResourceQuota", QUOTA) or {}).get("spec") or {}).get("hard") or {}
    facts.add(("gpus", str(hard.get(f"requests.{options.gpu_resource}", "0"))))
    facts |= {("project", tenant.note(PROJECT)), ("team", tenant.note(TEAM))}
    if listed.get("runtimeClass"):
        facts.add(("confidential", "yes"))
    return tuple(sorted(facts))


def remains(tenant: Tenant) -> list[str]:
    """What of a tenant still gives something, in words; empty when its access is over."""
    found = [f"RoleBinding {one['metadata']['name']}" for one in tenant.bindings()]
    listed = (tenant.ours("ConfigMap", IMAGES) or {}).get("data") or {}
    if listed.get("images") or listed.get("platform"):
        found.append(f"ConfigMap {IMAGES}")
    if tenant.ours("Secret", ACCOUNT):
        found.append(f"Secret {ACCOUNT}")
    account = tenant.ours("ServiceAccount", ACCOUNT) or {"metadata": {}}
    if (account["metadata"].get("annotations") or {}).get(STATE) == ACTIVE:
        found.append(f"ServiceAccount {ACCOUNT}")
    hard = ((tenant.ours("ResourceQuota", QUOTA) or {}).get("spec") or {}).get("hard") or {}
    if any(_quantity(str(value)) for name, value in hard.items() if name == "pods" or "gpu" in name):
        found.append(f"ResourceQuota {QUOTA}")
    queue = tenant.ours("LocalQueue", QUEUE) or {"spec": {"stopPolicy": "HoldAndDrain"}}
    if queue["spec"].get("stopPolicy") != "HoldAndDrain":
        found.append(f"LocalQueue {QUEUE}")
    if tenant.ours("ClusterStorageContainer", storage_name(tenant.name)):
        found.append("ClusterStorageContainer")
    return found
