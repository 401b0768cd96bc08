"""Knows GPUs by how sources write about them: SKU descriptions, labels of nodes, ways of buying. Pure."""

import re
from collections.abc import Mapping

from audit.costs.records import PricingClass

UNKNOWN = "unknown"
"""The type of a GPU that the source does not name: it gets no price, and says so."""
_GPU = re.compile(r"\bGPUs?\b", re.IGNORECASE)
_NO_HOURS = re.compile(r"licen[sc]|commitment\b|\bCUD\b", re.IGNORECASE)
_MODEL = re.compile(r"((?:nvidia|amd|tesla)\b[\w .+-]*?)\s+GPUs?\b", re.IGNORECASE)
_MODEL_AFTER = re.compile(r"\bGPUs?\b\s*[:(-]\s*((?:nvidia|amd|tesla)[\w .+-]*\w)", re.IGNORECASE)
_FOLDED = re.compile(r"[^a-z0-9]+")
TYPE_LABELS = (
    "cloud.google.com/gke-accelerator",
    "nvidia.com/gpu.product",
    "gpu.nvidia.com/model",
    "k8s.amazonaws.com/accelerator",
)
"""Labels of nodes that name the type, as Kubernetes writes them."""


def mangled(label: str) -> str:
    """A label as Prometheus and OpenCost write it: `purser.io/team` becomes `purser_io_team`."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", label)


def is_gpu(description: str) -> bool:
    """Whether an SKU's description is about GPUs: the GPUs themselves, a commitment to them or a licence."""
    return bool(_GPU.search(description))


def has_hours(description: str) -> bool:
    """Whether an SKU's amount is hours of GPUs, and not of a licence beside them or of a commitment."""
    return not _NO_HOURS.search(description)


def is_licence(description: str) -> bool:
    """Whether it is about software beside the GPU, whose hours are not the GPU's."""
    return "licens" in description.lower() or "licenc" in description.lower()


def model_of(description: str) -> str:
    """The GPU of an SKU's description: "Nvidia L4 GPU running in Netherlands" is `nvidia-l4`; "" when not named."""
    found = _MODEL.search(description) or _MODEL_AFTER.search(description)
    return _FOLDED.sub("-", found[1].lower()).strip("-") if found else ""


def class_of(description: str) -> str:
    """How the GPUs of an SKU were bought."""
    folded = description.lower()
    if "spot" in folded or "preemptible" in folded:
        return PricingClass.SPOT
    if "reserved" in folded or "reservation" in folded:
        return PricingClass.RESERVED
    return PricingClass.ON_DEMAND


def type_in(labels: Mapping[str, str], *, prefix: str = "") -> str:
    """The type that a node's labels name, written as by Kubernetes or mangled, after `prefix`; "" when none does."""
    for label in TYPE_LABELS:
        for name in (label, prefix + mangled(label)):
            if labels.get(name):
                return labels[name]
    return ""
