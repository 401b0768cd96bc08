"""How far figures can be trusted, in words: how they were made, what is missing, late or was restated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit.costs.types import By, SourceState, Standing, Unpriced
from portal.edges.cost_names import CostNames
from portal.pages.costs.wording import METHODS, hours_of, number, share, sign_of
from portal.pages.markup import day_text, moment_text

FACTS: Mapping[str, "str | Promise"] = {
    "usage": gettext_lazy("No source brings GPU use. Nothing can be shown until one does."),
    "activity": gettext_lazy("No source brings activity: idle time is not measured, and shown as unknown."),
    "capacity": gettext_lazy("No source brings capacity: what nobody holds is unknown, not zero."),
}


@dataclass(frozen=True, slots=True)
class Trust:
    """What a page says about its figures. `made_of`: (text, figure) of one line; `warnings`: a sentence each."""

    made_of: list[tuple[str, str]]
    warnings: list[str] = field(default_factory=list)
    set_up: bool = True
    through: str = ""


def trust_of(standing: Standing, names: CostNames) -> Trust:
    """The words of a standing; `names` holds those of the GPU types that lack a price."""
    return Trust(
        made_of=_made_of(standing),
        warnings=[
            *(_unpriced(one, names) for one in standing.unpriced),
            *(str(FACTS[kind]) for kind in _missing(standing)),
            *(_late(one) for one in standing.sources if one.late or one.error),
        ],
        set_up=bool(standing.rate_version) and "usage" not in standing.missing,
        through=through_text(standing.complete_through),
    )


def _missing(standing: Standing) -> list[str]:
    """Kinds of facts nobody brings; activity that comes with the use itself is not missing."""
    return [
        kind for kind in standing.missing if kind in FACTS and not (kind == "activity" and standing.metrics)
    ]


def through_text(at: datetime | None) -> str:
    """Up to when the data are complete."""
    if at is None:
        return _("No data yet")
    return _("Complete through %(when)s") % {"when": moment_text(at)}


def _made_of(standing: Standing) -> list[tuple[str, str]]:
    version: dict[str, Any] = {"version": standing.rate_version}
    card = _("rate card version %(version)s") % version if standing.rate_version else _("no rate card")
    method = str(METHODS.get(standing.shared_method, standing.shared_method))
    metrics = ", ".join(standing.metrics) or _("not measured")
    parts = [
        (sign_of(standing.currency), "f7"),
        (card, "f7"),
        (_("idle capacity: %(method)s") % {"method": method}, "f8"),
        (
            _("active: mean of ten minutes at least %(threshold)s, by %(metrics)s")
            % {"threshold": share(standing.threshold), "metrics": metrics},
            "f2",
        ),
        (through_text(standing.complete_through), "f12"),
    ]
    return [*parts, *_restated(standing)]


def _restated(standing: Standing) -> list[tuple[str, str]]:
    if not standing.restated_days or standing.restated_at is None:
        return []
    said = ngettext(
        "restated: %(n)s closed day changed, last on %(day)s",
        "restated: %(n)s closed days changed, last on %(day)s",
        standing.restated_days,
    )
    return [(said % {"n": number(standing.restated_days), "day": day_text(standing.restated_at)}, "f7")]


def _unpriced(one: Unpriced, names: CostNames) -> str:
    hours = hours_of(one.held_ms)
    said = ngettext(
        "Prices for %(type)s are missing from %(day)s; %(hours)s hour is shown without cost.",
        "Prices for %(type)s are missing from %(day)s; %(hours)s hours are shown without cost.",
        1 if hours == 1 else 2,
    )
    return said % {
        "type": names.of(By.GPU_TYPE, one.gpu_type),
        "day": day_text(one.first_day),
        "hours": number(hours, 0 if hours == int(hours) else 1),
    }


def _late(one: SourceState) -> str:
    if one.complete_through is None:
        return _("The source “%(name)s” has not been read yet.") % {"name": one.name}
    return _("The source “%(name)s” is late: it is complete through %(when)s.") % {
        "name": one.name,
        "when": moment_text(one.complete_through),
    }
