"""How a cluster is reached: the client's configuration from plain values."""

from typing import Any

from kubernetes import client, config
from kubernetes.config.config_exception import ConfigException

from grants.connectors.errors import Permanent


def configuration(
    *, kubeconfig: str = "", context: str = "", server: str = "", token: str = "", ca_file: str = ""
) -> Any:
    """A `kubernetes.client.Configuration`: of a kubeconfig file, of an address with a token, or of the pod we run in.

    Raises Permanent when none of these can be read.
    """
    made = client.Configuration()
    if server:
        made.host, made.ssl_ca_cert = server.rstrip("/"), ca_file or None
        if token:
            made.api_key = {"authorization": token}
            made.api_key_prefix = {"authorization": "Bearer"}
        return made
    try:
        if kubeconfig:
            chosen = {"context": context} if context else {}
            config.load_kube_config(config_file=kubeconfig, client_configuration=made, **chosen)  # type: ignore[no-untyped-call]
        else:
            config.load_incluster_config(client_configuration=made)  # type: ignore[no-untyped-call]
    except (ConfigException, OSError) as error:
        raise Permanent(f"The cluster's kubeconfig cannot be used ({type(error).__name__}).") from None
    return made
