"""The form of OpenCost's allocations, as far as they are about GPUs. Pure.

Source: OpenCost `core/pkg/opencost/allocation_json.go`. Numbers that are not numbers arrive as null.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from audit.costs.sources import values


def _number(value: object) -> Decimal | None:
    """None for what the source could not work out: null, NaN and infinities."""
    if value is None or str(value).lower().lstrip("+-") in ("nan", "inf", "infinity", ""):
        return None
    try:
        return values.number(value)
    except values.Unreadable as error:
        raise ValueError(error.code) from None


def _time(value: object) -> datetime:
    try:
        return values.moment(value)
    except values.Unreadable as error:
        raise ValueError(error.code) from None


def _labels(value: object) -> object:
    return value or {}


_ROUNDED = Decimal("0.00002")
Number = Annotated[Decimal | None, BeforeValidator(_number)]
Time = Annotated[datetime, BeforeValidator(_time)]
Labels = Annotated[dict[str, str], BeforeValidator(_labels)]


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Properties(_Loose):
    """What an allocation is of."""

    cluster: str = ""
    node: str = ""
    namespace: str = ""
    controller: str = ""
    controller_kind: str = Field("", alias="controllerKind")
    pod: str = ""
    container: str = ""
    labels: Labels = Field(default_factory=dict)
    namespace_labels: Labels = Field(default_factory=dict, alias="namespaceLabels")


class Window(_Loose):
    """The step an allocation belongs to."""

    start: Time
    end: Time


class Device(_Loose):
    """`gpuAllocation`: which GPU it was, where OpenCost knows."""

    model: str = Field("", alias="gpuModel")
    uuid: str = Field("", alias="gpuUUID")
    shared: bool = Field(False, alias="isGPUShared")


class Allocation(_Loose):
    """One allocation, as far as it is about GPUs."""

    properties: Annotated[Properties, BeforeValidator(_labels)] = Properties.model_validate({})
    window: Window
    start: Time
    end: Time
    gpu_count: Number = Field(None, alias="gpuCount")
    gpu_hours: Number = Field(None, alias="gpuHours")
    gpu_cost: Number = Field(None, alias="gpuCost")
    device: Annotated[Device, BeforeValidator(_labels)] = Field(
        Device.model_validate({}), alias="gpuAllocation"
    )

    @property
    def hours(self) -> Decimal | None:
        """GPU hours held: as said, else count times length; None when nothing says so."""
        if self.gpu_hours is not None:
            return self.gpu_hours
        if self.gpu_count is None:
            return None
        return self.gpu_count * values.hours_between(self.start, self.end)

    @property
    def held(self) -> Decimal:
        """How many GPUs: the count where it agrees with the hours, which are rounded and would make 0.2502 of 0.25."""
        length, hours = values.hours_between(self.start, self.end), self.hours or Decimal(0)
        if self.gpu_count and abs(self.gpu_count * length - hours) <= _ROUNDED:
            return self.gpu_count.quantize(values.PLACES)
        return (hours / length).quantize(values.PLACES)
