"""The demo's targets: the file that makes them known to Purser, and what scripts are told of them."""

import json
from pathlib import Path
from typing import Any

from portal.cli.places import Place
from portal.cli.registry_config import TARGET

HARBOR, GOOGLE, CLUSTER = "harbor", "google", "gpu-cluster"
FILE = """\
# Written by the demo at each start. deploy/targets.example.toml explains every option.
[[registry]]
key = "{harbor_key}"
name = "Harbor"
kind = "harbor"
host = {harbor_host}
api_url = {harbor}

[registry.options]
username = "admin"
password = {harbor_admin}
webhook_secret = {harbor_webhook}
installation = "demo"
projects = ["ml-library"]

[[registry]]
key = "{google_key}"
name = "Google Artifact Registry"
kind = "google"
host = {google_host}
api_url = {google}

[registry.options]
project = "ml-platform"
location = "europe-west4"
group_domain = "example.com"
customer = "C0sandbox"
pull_probe = "stable"
portal_account = "purser@portal.iam.gserviceaccount.com"

[registry.options.endpoints]
artifact_registry = {google}
cloud_identity = {google}
iam = {google_iam}
iam_credentials = {google}
kms = {google}
docker = {google}

[[cluster]]
key = "{cluster_key}"
name = "GPU cluster"

[cluster.options]
server = {kubernetes}
token = {kubernetes_token}
"""


def write_targets(place: Place) -> Path:
    """Write `targets.toml` in the demo's data and return its path. Secrets are named in it, not written."""
    secrets = ("harbor_admin", "harbor_webhook", "kubernetes_token")
    values = {
        "harbor": place.url("harbor"),
        "harbor_host": place.address("harbor"),
        "google": place.url("google"),
        "google_host": place.address("google"),
        "google_iam": f"127.0.0.1:{place.ports['google_iam']}",
        "kubernetes": place.url("kubernetes"),
        **{name: f"file:{place.secret_file(name)}" for name in secrets},
    }
    quoted = {name: json.dumps(value) for name, value in values.items()}
    path = place.data / "targets.toml"
    path.write_text(FILE.format(harbor_key=HARBOR, google_key=GOOGLE, cluster_key=CLUSTER, **quoted), "utf-8")
    return path


SOURCES = """\
# Written by the demo at each start. deploy/costs.example.toml explains every option.
[[source]]
key = "opencost"
name = "OpenCost"
kind = "opencost"
every_minutes = 5

[source.options]
url = {opencost}
cluster = "{cluster}"
reserved_nodes = ["gpu-h100*"]

[[source]]
key = "dcgm"
name = "DCGM"
kind = "prometheus"
every_minutes = 5

[source.options]
url = {prometheus}
cluster = "{cluster}"
facts = ["activity"]

[[source]]
key = "google-billing"
name = "Google billing"
kind = "google"
"""


def write_sources(place: Place) -> Path:
    """Write `costs.toml` in the demo's data and return its path: where its GPU usage comes from."""
    urls = {name: json.dumps(place.url(name)) for name in ("opencost", "prometheus")}
    path = place.data / "costs.toml"
    path.write_text(SOURCES.format(cluster=CLUSTER, **urls), "utf-8")
    return path


def targets_of(place: Place) -> dict[str, Any]:
    """Every target by its key: kind, and address without a closing slash."""
    kinds = {
        TARGET: ("distribution", "registry"),
        HARBOR: ("harbor", "harbor"),
        GOOGLE: ("google", "google"),
        CLUSTER: ("kubernetes", "kubernetes"),
    }
    return {key: {"kind": kind, "url": place.url(part)} for key, (kind, part) in kinds.items()}
