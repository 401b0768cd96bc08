"""Rows of Google's detailed billing export about GPUs, from any file or query: what each one says. Pure.

Source: Google Cloud Billing, "Structure of Detailed data export" (`gcp_billing_export_resource_v1_…`), and "View
detailed breakdown of cluster costs" (GKE cost allocation; labels `goog-k8s-…`, `k8s-…`). Only rows about GPUs are
looked at; what else was billed is none of this product's business and is not kept.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from audit.costs.sources import gpus, values
from audit.costs.sources.faults import Faults
from audit.costs.sources.validated import note

_SECONDS = {
    "second": 1,
    "seconds": 1,
    "s": 1,
    "minute": 60,
    "minutes": 60,
    "hour": 3600,
    "hours": 3600,
    "h": 3600,
}
_GPU_LABELS = ("accelerator", "gpu")
CORRECTION = ("tax", "adjustment", "rounding_error")
COMMITTED = "COMMITTED_USAGE_DISCOUNT"


def _read(how: Any) -> BeforeValidator:
    def read(value: object) -> object:
        try:
            return how(value)
        except values.Unreadable as error:
            raise ValueError(error.code) from None

    return BeforeValidator(read)


def _currency(value: object) -> str:
    text = str(value or "").strip()
    if len(text) != 3 or not text.isalpha() or not text.isascii():
        raise values.Unreadable("bad_currency", value=text)
    return text.upper()


def _pairs(value: object) -> object:
    """Labels as the export has them (a list of key and value), or as an object."""
    if value is None or value == "":
        return {}
    if isinstance(value, list) and all(isinstance(one, Mapping) and "key" in one for one in value):
        return {str(one["key"]): str(one.get("value") or "") for one in value}
    if isinstance(value, Mapping):
        return {str(key): str(one or "") for key, one in value.items()}
    raise ValueError("bad_pairs")


def _or_nothing(value: object) -> object:
    return value if value not in (None, "") else {}


def _credits(value: object) -> object:
    """A list of credits; a mere number is their sum."""
    if value in (None, ""):
        return []
    return value if isinstance(value, list) else [{"amount": value}]


Moment = Annotated[datetime, _read(values.moment)]
Money = Annotated[Decimal, _read(values.amount)]
Pairs = Annotated[dict[str, str], BeforeValidator(_pairs)]


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)


class Sku(_Loose):
    """`sku`."""

    id: str = ""
    description: str


class Credit(_Loose):
    """One of `credits`: an amount of zero or less."""

    type: str | None = ""
    amount: Money


class Usage(_Loose):
    """`usage`: how much, in the unit it was counted in and in the unit it is priced in."""

    amount: Money | None = None
    unit: str | None = ""
    in_pricing_units: Money | None = Field(None, alias="amount_in_pricing_units")
    pricing_unit: str | None = ""

    def hours(self) -> Decimal | None:
        """GPU hours; None when neither unit is a time."""
        if self.in_pricing_units is not None and _SECONDS.get(str(self.pricing_unit).lower()) == 3600:
            return self.in_pricing_units
        seconds = _SECONDS.get(str(self.unit).lower())
        if seconds is None or self.amount is None:
            return None
        return self.amount * seconds / 3600


class Project(_Loose):
    """`project`."""

    id: str | None = ""


class Invoice(_Loose):
    """`invoice`."""

    month: str | None = ""


class Resource(_Loose):
    """`resource`: the instance."""

    name: str | None = ""


class ExportRow(_Loose):
    """One row about GPUs."""

    sku: Sku
    start: Moment = Field(alias="usage_start_time")
    end: Moment = Field(alias="usage_end_time")
    project: Annotated[Project, BeforeValidator(_or_nothing)] = Field(default_factory=Project)
    labels: Pairs = Field(default_factory=dict)
    system_labels: Pairs = Field(default_factory=dict)
    resource: Annotated[Resource, BeforeValidator(_or_nothing)] = Field(default_factory=Resource)
    cost: Money
    currency: Annotated[str, _read(_currency)]
    usage: Annotated[Usage, BeforeValidator(_or_nothing)] = Usage.model_validate({})
    credits: Annotated[list[Credit], BeforeValidator(_credits)] = Field(default_factory=list)
    invoice: Annotated[Invoice, BeforeValidator(_or_nothing)] = Field(default_factory=Invoice)
    cost_type: str | None = "regular"
    export_time: Annotated[datetime | None, _read(lambda value: values.moment(value) if value else None)] = (
        None
    )

    @property
    def regular(self) -> bool:
        """Whether it is use, and not a tax or a correction."""
        return self.cost_type not in CORRECTION

    @property
    def pricing_class(self) -> str:
        """How the GPUs were bought: what the SKU says, or a discount of a commitment."""
        found = gpus.class_of(self.sku.description)
        committed = any(str(one.type).startswith(COMMITTED) for one in self.credits)
        return "committed" if committed and found == "on_demand" else found


def read_row(line: int, value: Mapping[str, Any], faults: Faults) -> ExportRow | None:
    """The row when it is about GPUs and right; None when it is about something else, or its faults were noted."""
    sku = value.get("sku")
    description = sku.get("description") if isinstance(sku, Mapping) else None
    if not isinstance(description, str) or not description.strip():
        faults.add(line, "sku.description", "missing")
        return None
    if not (gpus.is_gpu(description) or _labelled(value.get("system_labels"))):
        return None
    try:
        row = ExportRow.model_validate(value)
    except ValidationError as error:
        note(error, faults, line=line)
        return None
    return row if _sensible(line, row, faults) else None


def _labelled(value: object) -> bool:
    """Whether a system label names an accelerator."""
    try:
        found = _pairs(value)
    except ValueError:
        return False
    return any(word in name for name in (found if isinstance(found, dict) else {}) for word in _GPU_LABELS)


def _sensible(line: int, row: ExportRow, faults: Faults) -> bool:
    before = faults.count
    if row.end <= row.start:
        faults.add(line, "usage_end_time", "bad_order")
    elif row.end - row.start > values.LONGEST:
        faults.add(line, "usage_end_time", "too_long", limit=values.LONGEST.days)
    if row.regular and gpus.has_hours(row.sku.description) and row.usage.hours() is None:
        faults.add(line, "usage.unit", "bad_unit", value=row.usage.pricing_unit or row.usage.unit or "")
    return faults.count == before
