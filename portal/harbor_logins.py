"""What a cluster's pull secrets need of each Harbor: the robot of the project's workloads in that cluster.

The robots are made, kept and ended by Harbor's own lines (grants.connectors.harbor_layout); here only their secrets are
asked for.
"""

from typing import TYPE_CHECKING, cast

import structlog

from grants.catalogue.models import Cluster, Registry
from grants.connectors.base import Entry, Scope
from grants.connectors.errors import ConnectorError
from grants.connectors.harbor_names import ROBOT, cluster_robot
from grants.connectors.kubernetes_secrets import Login
from grants.delivery import targets
from grants.lifecycle.models import GrantImage
from grants.lifecycle.selectors import allowing
from grants.lifecycle.states import ALLOWING

if TYPE_CHECKING:
    from grants.connectors.harbor import HarborConnector

log = structlog.get_logger(__name__)


def harbor_logins(cluster: str, project: str) -> tuple[tuple[Login, ...], frozenset[str]]:
    """New secrets of the robots of a project in a cluster (keys), and the hosts of the Harbors that gave none.

    The secret before ends with each: only who writes the pull secret asks.
    """
    found, missing = [], set()
    for registry in _harbors(project):
        try:
            made = _connector(registry).credential(_robot(registry, cluster, project))
        except ConnectorError as error:
            log.info("harbor_gave_no_login", registry=registry.key, project=project, reason=error.message)
            missing.add(registry.host)
        else:
            found.append(Login(registry.host, made.username, made.secret))
    return tuple(found), frozenset(missing)


def harbor_ready(cluster: str, _namespace: str, project: str, hosts: frozenset[str]) -> bool:
    """Whether one of these hosts could be covered now: a Harbor whose robot is in force, or no Harbor at all."""
    harbors = {registry.host: registry for registry in _harbors(project)}
    return any(host not in harbors or _in_force(harbors[host], cluster, project) for host in sorted(hosts))


def pulling_clusters() -> list[str]:
    """The clusters in whose namespaces Purser keeps a pull secret, by key."""
    rows = Cluster.objects.filter(active=True, kind="kubernetes").order_by("key")
    return [row.key for row in rows if not row.options.get("keyless")]


def _in_force(registry: Registry, cluster: str, project: str) -> bool:
    try:
        return bool(_connector(registry).observe(Scope(registry.key, (_robot(registry, cluster, project),))))
    except ConnectorError:
        return False


def _harbors(project: str) -> list[Registry]:
    """Those that keep robots for workloads and have an image that the project may use."""
    held = GrantImage.objects.filter(
        allowing(), removed_at=None, grant__project__key=project, grant__status__in=ALLOWING
    )
    rows = Registry.objects.filter(kind="harbor", pk__in=held.values("image__registry")).order_by("key")
    return [row for row in rows if row.options.get("workloads", True)]


def _robot(registry: Registry, cluster: str, project: str) -> Entry:
    return Entry(registry.key, ROBOT, cluster_robot(project, cluster))


def _connector(registry: Registry) -> "HarborConnector":
    return cast("HarborConnector", targets.connector_for(registry.key))
