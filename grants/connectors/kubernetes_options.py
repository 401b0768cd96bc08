"""The settings of a cluster, read from its row's options. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, cast

from grants.connectors.errors import Permanent

Pairs = tuple[tuple[str, str], ...]
_QUANTITY = r"[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?"
_LEVELS = ("privileged", "baseline", "restricted")


@dataclass(frozen=True, slots=True)
class KubernetesOptions:
    """How tenants of one cluster look; every name is also the name of the option.

    `subjects`: bind the role to one group a project (`group_template`, from the identity provider's claims) or to
    each person by e-mail address. `quota`, `container_default`, `container_max`: quantities by resource name.
    `platform_images`: names admitted in every tenant, a prefix where one ends in `/` (sidecars, initialisers).
    `hold_days`: how long an emptied namespace is kept. `admission`: `auto` writes Kyverno's policy where its CRDs
    are found, else the API server's own.
    """

    group_template: str = "purser:{project}:{role}"
    subjects: Literal["group", "people"] = "group"
    gpu_resource: str = "nvidia.com/gpu"
    quota: Pairs = (("limits.cpu", "64"), ("limits.memory", "256Gi"))
    pods: int = 200
    container_default: Pairs = (("cpu", "1"), ("memory", "4Gi"))
    container_max: Pairs = ()
    pod_security: str = "baseline"
    dns_namespace: str = "kube-system"
    dns_app: str = "kube-dns"
    dns_address: str = ""
    same_namespace: bool = False
    runtime_class: str = ""
    cluster_queue: str = ""
    storage_image: str = ""
    storage_prefix: str = ""
    hold_days: int = 30
    platform_images: tuple[str, ...] = ()
    admission: Literal["auto", "policy", "kyverno"] = "auto"

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> "KubernetesOptions":
        """The options of a row; names of other users of the row are left alone. Raises Permanent for a bad value."""
        known = {field.name: field for field in fields(cls)}
        given = {name: _value(name, options[name], cls) for name in known if name in options}
        found = cls(**given)
        found._check()
        return found

    def group(self, *, project: str, role: str) -> str:
        """The identity provider's group that holds this role in this project."""
        return self.group_template.replace("{project}", project).replace("{role}", role)

    def _check(self) -> None:
        every = [
            value for pairs in (self.quota, self.container_default, self.container_max) for _, value in pairs
        ]
        if not all(re.fullmatch(_QUANTITY, value) for value in every):
            raise Permanent(
                "A quota or limit of the cluster's options is not a quantity such as 64 or 256Gi."
            )
        if self.pod_security not in _LEVELS:
            raise Permanent("The cluster's pod_security must be privileged, baseline or restricted.")
        if "{project}" not in self.group_template or "{role}" not in self.group_template:
            raise Permanent("The cluster's group_template must name {project} and {role}.")
        if self.subjects not in ("group", "people") or self.admission not in ("auto", "policy", "kyverno"):
            raise Permanent("The cluster's options subjects or admission have a value that is not known.")


def _value(name: str, value: object, cls: type[KubernetesOptions]) -> Any:
    """A JSON value in the type of the option."""
    default = cls.__dataclass_fields__[name].default
    wrong = Permanent(f"The cluster's option {name} does not have the right form.")
    if isinstance(value, dict) and isinstance(default, tuple):
        return tuple(sorted((str(key), str(one)) for key, one in value.items()))
    if isinstance(value, list) and isinstance(default, tuple):
        return tuple(str(one) for one in cast("list[object]", value))
    if isinstance(value, tuple) or type(value) is not type(default):
        raise wrong
    return value
