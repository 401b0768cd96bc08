"""A type of GPU that no source has named yet: so that it can have a price before it is used."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from audit.costs.errors import CostConflict, CostError
from audit.costs.gpu_names import folded
from audit.costs.gpu_types import change_gpu_type, ensure_types, known_types
from audit.costs.models import GpuType
from audit.ledger.actors import Actor
from audit.ledger.services import audited


def add_gpu_type(*, label: str, aliases: Sequence[str], colour: int, by: Actor) -> GpuType:
    """Describe a type of GPU; its key is its folded name. Records `audit.gpu-type.changed`.

    Raises CostError `bad_gpu_type` for a name without letters or digits, CostConflict `gpu_type_there` for one
    that is known, and what `change_gpu_type` raises.
    """
    key = folded(label)
    if not key:
        raise CostError("bad_gpu_type", _("A type has a name and a colour from 0 to 6."))
    if key in known_types():
        raise CostConflict("gpu_type_there", _("This type is there already, under this or another name."))
    with audited(by=by):
        ensure_types([label])
        return change_gpu_type(key=key, label=label, aliases=aliases, colour=colour, by=by)
