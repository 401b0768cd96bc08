"""How grants become tenants of a cluster: one place, the namespace, for all grants of a project. Pure."""

import re
from collections.abc import Sequence

from grants.connectors.base import Attributes, Entry, Holding, Place
from grants.connectors.kubernetes_images import repository_of
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_shared import ROLES

TENANT_PLACE = "tenant"
MOST_IMAGES = 2000  # names in one list: the rule stays within the API server's budget for CEL
_NAME = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_KEPT_BY_THE_CLUSTER = ("kube-", "openshift")


class KubernetesLayout:
    """The layout of one cluster. `target`: its key."""

    def __init__(self, *, target: str, options: KubernetesOptions) -> None:
        self._target = target
        self._options = options

    def places(self, holding: Holding) -> Sequence[Place]:
        """The project's namespace; nowhere without one."""
        return (Place(TENANT_PLACE, holding.namespace),) if holding.namespace else ()

    def entry(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        """The tenant that all live grants of the project want together."""
        mine = [holding for holding in holdings if holding.namespace == place.key]
        if not mine:
            return None
        first = min(mine, key=lambda holding: holding.grant)
        facts = {("image", repository_of(image) or image) for holding in mine for image in holding.images}
        facts |= {pair for holding in mine for pair in self._subjects(holding)}
        facts |= {("project", first.project), ("team", first.team)}
        facts.add(("gpus", str(max(holding.gpus for holding in mine))))
        if any(holding.confidential for holding in mine):
            facts.add(("confidential", "yes"))
        return Entry(self._target, place.kind, place.key, tuple(sorted(facts)))

    def _subjects(self, holding: Holding) -> Attributes:
        if holding.role not in ROLES or not holding.holders:
            return ()
        if self._options.subjects == "group":
            return ((holding.role, self._options.group(project=holding.project, role=holding.role)),)
        return tuple((holding.role, holder.address) for holder in holding.holders if holder.address)

    def empty(self, place: Place) -> Entry:
        """The tenant with nothing in it."""
        return Entry(self._target, place.kind, place.key)

    def lock(self, place: Place) -> str:
        """One namespace at a time."""
        return f"namespace:{place.key}"

    def problems(self, holding: Holding) -> Sequence[str]:
        """A namespace the API server would refuse or that is the cluster's own, no runtime class, odd images."""
        if not holding.namespace:
            return ()
        found = [*self._of_namespace(holding), *self._of_images(holding)]
        if holding.confidential and not self._options.runtime_class:
            found.append(
                "The project is confidential, but the cluster names no runtime class for such projects."
            )
        if self._options.subjects == "people" and not all(holder.address for holder in holding.holders):
            found.append("Somebody has no verified e-mail address, by which the cluster knows people.")
        return found

    def _of_namespace(self, holding: Holding) -> Sequence[str]:
        name = holding.namespace
        if not re.fullmatch(_NAME, name):
            return (f"The namespace {name} is not a name that Kubernetes accepts.",)
        if name == "default" or name.startswith(_KEPT_BY_THE_CLUSTER):
            return (f"The namespace {name} belongs to the cluster itself.",)
        return ()

    def _of_images(self, holding: Holding) -> Sequence[str]:
        odd = [image for image in holding.images if not repository_of(image)]
        found = [f"The image {image} is not a name that a cluster could pull." for image in odd]
        if len(holding.images) > MOST_IMAGES:
            found.append(f"A namespace can be granted {MOST_IMAGES} images at most.")
        return found
