"""Sentences about what a source does not say, for the health page and the list of sources."""

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NOTES: Mapping[str, Promise] = {
    "opencost_shared": _("OpenCost counts whole GPUs for pods that share one; fractions are as requested."),
    "opencost_type": _("Some GPUs come without a type; name it in the source's options (gpu_type)."),
    "opencost_idle": _("Idle GPUs cannot be counted from their cost: prices or types differ."),
    "opencost_assets": _("OpenCost does not list its nodes, so types and capacity come from elsewhere."),
    "google_requests": _("Google splits GPUs by what was requested, not by what was used."),
    "google_unsplit": _("Some clusters are not split by namespace: GKE cost allocation is off there."),
    "google_lag": _("Google adds to a day for about three days."),
    "focus_missing": _("The file lacks mandatory columns of FOCUS 1.2."),
    "focus_type": _("Some GPUs come without a type."),
    "dcgm_util": _("For some GPUs only GPU_UTIL is known: it says that anything ran, not how much."),
    "dcgm_shared": _("Several pods share a GPU: which of them was active cannot be told."),
}


def keys_of(notes: Iterable[object]) -> list[str]:
    """The keys of some of these sentences, to be stored; others are left out."""
    known = {id(text): key for key, text in NOTES.items()}
    return sorted({known[id(one)] for one in notes if id(one) in known})


def said(keys: Iterable[object]) -> list[Promise]:
    """The sentences of stored keys (`Source.notes`), translated when they are read."""
    return [NOTES[key] for key in keys if isinstance(key, str) and key in NOTES]
