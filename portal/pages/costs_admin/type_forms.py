"""What is typed into the page of a type of GPU."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from audit.costs.models import GpuType
from portal.pages.costs_admin.words import COLOURS


class GpuTypeForm(forms.Form):
    """How a type of GPU is called and coloured."""

    label = forms.CharField(
        label=gettext_lazy("Name on pages"),
        max_length=80,
        error_messages={"required": gettext_lazy("Enter a name")},
    )
    aliases = forms.CharField(
        label=gettext_lazy("Names that sources use"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One on each line, such as NVIDIA-L40S. Upper and lower case are the same."),
    )
    colour = forms.TypedChoiceField(
        label=gettext_lazy("Colour in charts"), choices=list(COLOURS.items()), coerce=int
    )

    def __init__(self, data: Any = None, *, gpu_type: GpuType | None = None) -> None:
        super().__init__(data, initial=_type_initial(gpu_type))

    def clean_aliases(self) -> list[str]:
        """The names, each once, in order."""
        names = [name.strip() for name in self.cleaned_data["aliases"].splitlines()]
        return list(dict.fromkeys(name for name in names if name))


def _type_initial(gpu_type: GpuType | None) -> dict[str, Any] | None:
    if gpu_type is None:
        return None
    return {"label": gpu_type.label, "aliases": "\n".join(gpu_type.aliases), "colour": gpu_type.colour}
