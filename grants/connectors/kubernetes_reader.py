"""Reading a cluster: one tenant by name, or all of them in a handful of lists. Never the content of a Secret."""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import starmap

from grants.connectors.base import Attributes, Entry
from grants.connectors.errors import Permanent
from grants.connectors.kubernetes_objects import (
    ACCOUNT,
    KSERVE,
    KUEUE,
    KYVERNO,
    LIMITS,
    NETWORK,
    QUEUE,
    QUOTA,
    Abilities,
    storage_name,
)
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_secrets import DOCKER_CONFIG
from grants.connectors.kubernetes_shared import IMAGES, MANAGED_BY, MANAGER, TENANT, Manifest, shared_objects
from grants.connectors.kubernetes_state import Tenant, covers, is_ours, owner_of
from grants.connectors.kubernetes_wire import Wire, collection, path_of

OURS = f"{MANAGED_BY}={MANAGER},{TENANT}"
MOST_FOREIGN = 20
MANY_TENANTS = (
    200  # from so many on, lists are read side by side: while one is taken apart, the next is on its way
)
SIDE_BY_SIDE = 3
_FIXED = (
    ("ServiceAccount", ACCOUNT),
    ("Secret", ACCOUNT),
    ("ConfigMap", IMAGES),
    ("ResourceQuota", QUOTA),
    ("LimitRange", LIMITS),
    ("NetworkPolicy", NETWORK),
)


def found_abilities(wire: Wire, options: KubernetesOptions) -> Abilities:
    """What the cluster can do besides its own kinds: one call. Raises Permanent where Kyverno is asked for in vain."""
    groups = (wire.get("/apis") or {}).get("groups") or []
    served = {str(one["groupVersion"]) for group in groups for one in group.get("versions") or []}
    if options.admission == "kyverno" and KYVERNO not in served:
        raise Permanent(f"The cluster's options ask for Kyverno, but it does not serve {KYVERNO}.")
    kyverno = options.admission != "policy" and KYVERNO in served
    return Abilities(kyverno=kyverno, kueue=KUEUE in served, kserve=KSERVE in served)


class Reader:
    """Reads tenants through a wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def tenant(self, name: str, abilities: Abilities) -> Tenant:
        """Everything of one namespace, foreign objects in our places included."""
        found = Tenant(name)
        found.add("Namespace", self._wire.get(f"{collection('Namespace')}/{name}"))
        if abilities.kserve:
            path = f"{collection('ClusterStorageContainer')}/{storage_name(name)}"
            found.add("ClusterStorageContainer", self._wire.get(path))
        if found.namespace is None:
            return found
        for kind, object_name in (*_FIXED, *_optional(abilities)):
            path = f"{collection(kind, name)}/{object_name}"
            found.add(kind, self._wire.get(path, bare=kind == "Secret"))
        for binding in self._wire.items(collection("RoleBinding", name)):
            found.add("RoleBinding", binding)
        return found

    def tenants(self, abilities: Abilities) -> list[Tenant]:
        """All tenants of ours: one list a kind, whatever their number."""
        found: dict[str, Tenant] = {}
        for one in self._wire.items(collection("Namespace"), selector=OURS):
            name = one["metadata"]["name"]
            found[name] = Tenant(name)
            found[name].add("Namespace", one)
        kinds = [*(kind for kind, _ in _FIXED), "RoleBinding", *(kind for kind, _ in _optional(abilities))]
        kinds += ["ClusterStorageContainer"] if abilities.kserve else []
        for kind, objects in self._lists([(kind, OURS, "") for kind in kinds], tenants=len(found)):
            for one in objects:
                tenant = found.get(one["metadata"].get("namespace") or one["metadata"]["labels"][TENANT])
                if tenant is not None:
                    tenant.add(kind, one)
        return list(found.values())

    def _lists(
        self, asked: Sequence[tuple[str, str, str]], *, tenants: int
    ) -> Iterator[tuple[str, list[Manifest]]]:
        """The objects of each kind, by selectors of labels and of fields, in the order asked."""

        def read(kind: str, selector: str, fields: str) -> tuple[str, list[Manifest]]:
            bare = kind == "Secret"
            return kind, self._wire.items(collection(kind), selector=selector, fields=fields, bare=bare)

        if tenants < MANY_TENANTS:
            yield from starmap(read, asked)
            return
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            yield from pool.map(read, *zip(*asked, strict=True))

    def shared_missing(self, abilities: Abilities) -> list[Manifest]:
        """The cluster-wide objects that are not as they should be. Raises Permanent where one is somebody else's."""
        missing = []
        for manifest in shared_objects(own_policy=not abilities.kyverno):
            found = self._wire.get(path_of(manifest))
            if found is not None and (found["metadata"].get("labels") or {}).get(MANAGED_BY) != MANAGER:
                name = f"{manifest['kind']} {manifest['metadata']['name']}"
                raise Permanent(f"Kubernetes already has the {name}, which belongs to {owner_of(found)}.")
            body = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}
            if found is None or not covers(body, found):
                missing.append(manifest)
        return missing

    def foreign(self, target: str) -> Iterator[Entry]:
        """Those of `_strangers`, but no more than MOST_FOREIGN of a namespace: its people make as many as they like.

        The last one tells as `seen_more` how many there are beside. Bindings come first, which people cannot make.
        """
        counts: Counter[str] = Counter()
        last: dict[str, Entry] = {}
        for entry in self._strangers(target):
            namespace = entry.key.partition("/")[0]
            counts[namespace] += 1
            if counts[namespace] < MOST_FOREIGN:
                yield entry
            else:
                last.setdefault(namespace, entry)
        for namespace, entry in last.items():
            more = counts[namespace] - MOST_FOREIGN
            told = (("seen_more", str(more)),) if more else ()
            yield replace(entry, attributes=(*entry.attributes, *told))

    def _strangers(self, target: str) -> Iterator[Entry]:
        """Bindings, quotas and pull secrets of others in our namespaces."""
        names = {one["metadata"]["name"] for one in self._wire.items(collection("Namespace"), selector=OURS)}
        asked = [("RoleBinding", "", ""), ("ResourceQuota", "", ""), ("Secret", "", f"type={DOCKER_CONFIG}")]
        for kind, objects in self._lists(asked, tenants=len(names)):
            for one in objects:
                namespace = one["metadata"]["namespace"]
                if namespace in names and not is_ours(one, namespace):
                    key = f"{namespace}/{one['metadata']['name']}"
                    yield Entry(target, kind.lower(), key, _look(one))


def _optional(abilities: Abilities) -> list[tuple[str, str]]:
    found = [("NamespacedValidatingPolicy", IMAGES)] if abilities.kyverno else []
    return [*found, *([("LocalQueue", QUEUE)] if abilities.kueue else [])]


def _look(found: Manifest) -> Attributes:
    """What a foreign object gives, and whose it is."""
    subjects = tuple(
        ("seen_subject", f"{one.get('kind')} {one.get('name')}") for one in found.get("subjects") or []
    )
    role = (("seen_role", str(found["roleRef"].get("name"))),) if "roleRef" in found else ()
    return (("seen_owner", owner_of(found)), *role, *subjects)
