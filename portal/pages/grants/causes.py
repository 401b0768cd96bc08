"""Why setting up or removing access failed, in plain words by the kind of error; the raw sentence stays below it."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CAUSES: Mapping[str, Promise] = {
    "transient": _("The registry could not be reached, or was busy."),
    "conflict": _("Something changed at the registry in between. It is read again."),
    "permanent": _("The registry refused this. Somebody must change its settings or ours."),
    "not_found": _("The registry does not have this image any more."),
    "unknown_outcome": _("The registry's answer never came. It is read back before anything else."),
    "cut_off": _("Purser was stopped in the middle. The registry is read back first."),
    "unexpected": _("Something unforeseen went wrong in Purser. The platform team sees it in the log."),
}


def cause_of(kind: str) -> str:
    """The sentence for a kind of error."""
    return str(CAUSES.get(kind, CAUSES["unexpected"]))
