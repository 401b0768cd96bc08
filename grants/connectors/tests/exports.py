"""Made-up holdings and what the real layouts make of them, for the tests of exports."""

from dataclasses import replace
from datetime import UTC, datetime

from grants.connectors.base import IMAGE_PLACE, MEMBER_PLACE, Holder, Holding
from grants.connectors.google_layout import GoogleLayout, GoogleOptions
from grants.connectors.harbor_layout import HarborLayout
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_options import KubernetesOptions

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
    """What these holdings want at every place, by kind and key."""
    places = {place: one.project for one in holdings for place in layout.places(one)}
    found = [layout.entry(place, about(place, project, holdings)) for place, project in places.items()]
    return sorted(found, key=lambda entry: (entry.kind, entry.key))


def about(place, project, holdings):
    """Those that can matter at a place, as base.Layout.entry says."""
    if place.kind == MEMBER_PLACE:
        alone = [
            replace(one, holders=tuple(h for h in one.holders if h.subject == place.key)) for one in holdings
        ]
        return [one for one in alone if one.holders]
    if place.kind == IMAGE_PLACE:
        return [replace(one, holders=()) for one in holdings if place.key in one.images]
    return [one for one in holdings if one.project == project]


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
