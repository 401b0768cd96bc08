"""The filter form of pages of costs; what it sends is read by `portal.edges.cost_filters`."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.http import QueryDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from audit.costs.types import By
from portal.edges.cost_filters import FIELDS, NOBODY, Asked, Preset
from portal.edges.cost_names import CostNames, unattributed
from portal.pages.costs.wording import CLASSES

PRESETS = [
    (Preset.THIS_MONTH, _("This month")),
    (Preset.LAST_MONTH, _("Last month")),
    (Preset.QUARTER, _("This quarter")),
    (Preset.CUSTOM, _("Chosen days")),
]
LABELS: Mapping[str, Any] = {
    "team": _("Team"),
    "project": _("Project"),
    "person": _("Person"),
    "image": _("Image"),
    "version": _("Version"),
    "gpu": _("GPU type"),
    "cluster": _("Cluster"),
    "class": _("Pricing class"),
}
WHAT: Mapping[str, By] = {
    "team": By.TEAM,
    "project": By.PROJECT,
    "person": By.PERSON,
    "image": By.IMAGE,
    "version": By.VERSION,
    "gpu": By.GPU_TYPE,
    "cluster": By.CLUSTER,
    "class": By.PRICING_CLASS,
}
OFTEN = ("project", "gpu")
"""The filters that stand open; the others are one click away."""


class Menu(forms.Select):
    """A menu written at once, without a template for each of its hundreds of options."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """The menu as HTML."""
        given, chosen = flatatt({**self.attrs, **(attrs or {})}), value or ""
        options = "".join(
            f'<option value="{escape(str(key))}"{" selected" if key == chosen else ""}>{escape(str(text))}</option>'
            for key, text in self.choices
        )
        return SafeString(f'<select name="{escape(name)}"{given}>{options}</select>')


class CostFilterForm(forms.Form):
    """Period and one menu for each thing to narrow by. Faults of the address are shown at the field they are of."""

    period = forms.CharField(label=_("Period"), required=False, widget=forms.Select(choices=PRESETS))

    def __init__(
        self,
        query: QueryDict,
        asked: Asked,
        menus: Mapping[By, Sequence[str]],
        names: CostNames,
        fixed: Sequence[str] = (),
    ) -> None:
        """Offer the values of `menus` but of what is `fixed`; what is chosen now is offered in any case."""
        super().__init__(query)
        self.initial = {"period": asked.preset}
        self.data = query.copy()
        self.data["period"] = asked.preset
        for name, label in (("from", _("First day")), ("to", _("Last day"))):
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            self.fields[name] = forms.CharField(label=label, required=False, widget=widget)
        self.kept: list[tuple[str, str]] = []
        for name, by in WHAT.items():
            if by in menus and name not in fixed:
                self._offer(name, by, getattr(asked.filters, FIELDS[name]), menus[by], names)
        for name in {"period", "from", "to"} & set(fixed):
            del self.fields[name]
        for fault in asked.faults:
            self.add_error(fault.field if fault.field in self.fields else None, str(fault.message))

    def _offer(
        self, name: str, by: By, chosen: Sequence[str], values: Sequence[str], names: CostNames
    ) -> None:
        if len(chosen) > 1:
            # A menu holds one value; several were chosen by address and are kept as they are.
            self.kept += [(name, value or NOBODY) for value in chosen]
            return
        offered = sorted({*values, *chosen}, key=lambda value: (not value, said(by, value, names).casefold()))
        options = [("", _("Any")), *((value or NOBODY, said(by, value, names)) for value in offered)]
        self.fields[name] = forms.CharField(label=LABELS[name], required=False, widget=Menu(choices=options))

    @property
    def often(self) -> Iterable[forms.BoundField]:
        """The menus that stand open."""
        return [self[name] for name in OFTEN if name in self.fields]

    @property
    def rest(self) -> Iterable[forms.BoundField]:
        """The days and the other menus."""
        return [self[name] for name in self.fields if name not in ("period", *OFTEN)]

    @property
    def more_open(self) -> bool:
        """Whether one of the other menus is used, or the days."""
        custom = "period" in self.fields and self.data["period"] == Preset.CUSTOM
        return custom or any(bound.data or bound.errors for bound in self.rest)


def said(by: By, value: str, names: CostNames) -> str:
    """What a value of a menu is called."""
    if by is By.PRICING_CLASS:
        return str(CLASSES.get(value, value)) if value else unattributed(by)
    return names.of(by, value)
