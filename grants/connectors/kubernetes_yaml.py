"""What Purser applied in a cluster: its tenants as YAML documents and as Terraform. Pure.

A pull secret is never written: only Purser and the cluster hold its content.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from grants.connectors.base import Entry
from grants.connectors.hcl import Attribute, Block, Comment, Item, Raw, label
from grants.connectors.kubernetes_objects import ACCOUNT, Abilities, active
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_shared import Manifest, shared_objects

PULL_SECRET = (
    f"The Secret {ACCOUNT} of each namespace is left out. Purser makes it from a credential of the project's own (a "
    "robot), puts it into the namespace and changes it in time. Its content is in no export."
)
CRDS = (
    "Purser finds out at the cluster whether Kyverno, Kueue and KServe are there. Here their objects are written where "
    "the cluster's options ask for them: admission kyverno, cluster_queue, storage_image with storage_prefix."
)
ALONE = "What all namespaces share (cluster roles, the admission policy) is not in this part of the export."
SHARED = "What all namespaces share: the cluster roles and, unless Kyverno judges pods, the admission policy."


def kubernetes_yaml(entries: Sequence[Entry], options: KubernetesOptions, *, shared: bool) -> str:
    """The tenants as YAML documents, in the order to apply them. `shared`: with what belongs to all tenants."""
    parts = [_documents(SHARED, _shared(options))] if shared else []
    for entry in entries:
        said = f"The namespace {entry.key} of the project {entry.first('project')}."
        parts.append(_documents(said, _tenant(entry, options)))
    return "".join(parts)


def kubernetes_items(entries: Sequence[Entry], options: KubernetesOptions, *, shared: bool) -> list[Item]:
    """The same for Terraform, as `kubernetes_manifest`s of the provider `hashicorp/kubernetes`."""
    items: list[Item] = [Comment(said) for said in kubernetes_said(shared=shared)]
    manifests = _shared(options) if shared else []
    manifests += [one for entry in entries for one in _tenant(entry, options)]
    return items + [item for one in manifests for item in _resource(one)]


def kubernetes_said(*, shared: bool) -> list[str]:
    """What the reader of either form must know."""
    return [PULL_SECRET, CRDS] if shared else [PULL_SECRET, CRDS, ALONE]


def _shared(options: KubernetesOptions) -> list[Manifest]:
    return shared_objects(own_policy=options.admission != "kyverno")


def _tenant(entry: Entry, options: KubernetesOptions) -> list[Manifest]:
    abilities = Abilities(kyverno=options.admission == "kyverno", kueue=True, kserve=True)
    return active(entry, options, abilities)


def _documents(said: str, manifests: Sequence[Manifest]) -> str:
    text = yaml.safe_dump_all(manifests, sort_keys=False, allow_unicode=True, explicit_start=True, width=110)
    return f"# {said}\n{text}"


def _resource(manifest: Manifest) -> Iterator[Item]:
    meta: dict[str, Any] = manifest["metadata"]
    where = [meta["namespace"]] if "namespace" in meta else []
    name = label(manifest["kind"].lower(), *where, meta["name"])
    yield Block("resource", ("kubernetes_manifest", name), [Attribute("manifest", manifest)])
    told = {"apiVersion": manifest["apiVersion"], "kind": manifest["kind"]}
    told |= {"namespace": where[0]} if where else {}
    identity = ",".join(f"{key}={value}" for key, value in {**told, "name": meta["name"]}.items())
    to = Raw(f"kubernetes_manifest.{name}")
    yield Comment("The form of this id is not verified.", above=True)
    yield Block("import", body=[Attribute("to", to), Attribute("id", identity)])
