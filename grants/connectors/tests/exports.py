"""Made-up holdings and what the real layouts make of them, for the tests of exports."""

from datetime import UTC, datetime

from grants.connectors.base import Holder, Holding
from grants.connectors.google_layout import GoogleLayout, GoogleOptions
from grants.connectors.harbor_layout import HarborLayout
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.delivery.drift_reading import wanted_everywhere

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
ENDS = datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
ALICE, BOB = Holder("person:1", "alice@example.com"), Holder("person:2", "bob@example.com")
KEY = "projects/ai-images/locations/europe-west4/keyRings/models/cryptoKeys/llm"
GOOGLE = GoogleOptions.read(
    "ar",
    {
        "project": "ai-images",
        "location": "europe-west4",
        "group_domain": "groups.example.com",
        "customer": "C01abc23",
        "kms_keys": {"ai-images/models/": KEY},
    },
)
CLUSTER = KubernetesOptions.read(
    {
        "cluster_queue": "research",
        "runtime_class": "kata-cc",
        "storage_image": "harbor.example.com/tools/decrypt:1",
        "storage_prefix": "gs://models/",
    }
)


def held(grant, *images, project="anti-fraud-v2", role="viewer", holders=(ALICE, BOB), **more):
    return Holding(grant, project, "anti-fraud", role, tuple(holders), images, ENDS, **more)


def entries(layout, *holdings):
    found = wanted_everywhere(holdings, layout)
    return [found[spot] for spot in sorted(found)]


def google_entries():
    return entries(
        GoogleLayout(GOOGLE),
        held(1, "ai-images/base/torch", "ai-images/base/vllm"),
        held(2, "ai-images/models/llama", project="vision", role="developer", holders=(BOB,)),
    )


def harbor_entries():
    layout = HarborLayout("harbor", webhooks=True, groups="ml-{team}-{project}-{role}")
    return entries(
        layout,
        held(1, "lib/torch", "lib/vllm"),
        held(2, "tools/jupyter", project="vision", role="developer", holders=(BOB,)),
    )


def cluster_entries():
    layout = KubernetesLayout(target="gpu", options=CLUSTER)
    return entries(
        layout,
        held(1, "harbor.example.com/lib/torch", namespace="anti-fraud-v2", gpus=8),
        held(2, "harbor.example.com/lib/vllm", role="developer", namespace="anti-fraud-v2", gpus=8),
        held(
            3, "harbor.example.com/lib/vllm", project="vision", namespace="vision", gpus=4, confidential=True
        ),
    )
