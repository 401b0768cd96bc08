"""Figures of GPU costs: sums, breakdowns, series, capacity, how far they can be trusted, estimates."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from audit.costs import figures
from audit.costs.records import PricingClass
from audit.costs.types import HOUR_MS, By, Sums
from portal.api.strict import StrictSerializer
from portal.edges.cost_filters import LONGEST, Preset

BUCKETS = ("hour", "day", "week", "month")


class MoneyField(serializers.DecimalField):
    """An amount in the currency of the settings, as a text with six places."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 34, "decimal_places": 6, **kwargs})


class HoursField(serializers.DecimalField):
    """GPU hours as a text with six places, from whole GPU milliseconds."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=34, decimal_places=6, **kwargs)

    def to_representation(self, value: Any) -> Any:
        """Milliseconds as hours."""
        return super().to_representation(Decimal(value) / HOUR_MS)


class ComputedField(serializers.DecimalField):
    """A figure worked out from sums, as a text with six places; null where it cannot be told."""

    def __init__(self, figure: Callable[[Sums], Decimal | None], **kwargs: Any) -> None:
        self.figure = figure
        super().__init__(
            max_digits=34, decimal_places=6, source="*", read_only=True, allow_null=True, **kwargs
        )

    def to_representation(self, value: Any) -> Any:
        """The figure of these sums."""
        found = self.figure(value)
        return None if found is None else super().to_representation(found)


class Values(serializers.ListField):
    """A parameter that may be given several times; the values are alternatives."""

    def __init__(self, about: str) -> None:
        words = f"{about} May be given several times; `~` is what is not attributed."
        super().__init__(
            child=serializers.CharField(max_length=LONGEST), required=False, max_length=50, help_text=words
        )


class CostQuery(StrictSerializer):
    """What figures are narrowed to; the same parameters as on the pages."""

    period = serializers.ChoiceField(
        choices=[one.value for one in Preset], required=False, help_text="this_month when nothing is said."
    )
    team = Values("Key of a team.")
    project = Values("Key of a project.")
    person = Values("A person, e.g. `person:12`; only where you may tell people apart.")
    image = Values("A repository.")
    version = Values("A digest.")
    gpu = Values("A type of GPU.")
    cluster = Values("A cluster.")

    def get_fields(self) -> dict[str, Any]:
        """The fields, with those whose names are words of Python."""
        classes = serializers.ChoiceField(choices=[one.value for one in PricingClass])
        return {
            **super().get_fields(),
            "class": serializers.ListField(
                child=classes, required=False, help_text="How the GPUs were bought."
            ),
            "from": serializers.DateField(required=False, help_text="First day of a custom period."),
            "to": serializers.DateField(required=False, help_text="Its last day."),
        }


class BreakdownQuery(CostQuery):
    """What a breakdown tells apart."""

    by = serializers.ChoiceField(choices=[one.value for one in By])


class SeriesQuery(CostQuery):
    """What a series tells apart, and how long its steps are."""

    by = serializers.ChoiceField(choices=["", *(one.value for one in By)], required=False, default="")
    bucket = serializers.ChoiceField(choices=BUCKETS, required=False, default="day")
    most = serializers.IntegerField(required=False, default=6, min_value=1, max_value=50)


class CapacityQuery(CostQuery):
    """Over what time capacity is told."""

    bucket = serializers.ChoiceField(choices=["", *BUCKETS[1:]], required=False, default="")


class PeriodSerializer(serializers.Serializer[Any]):
    """Days of the reporting time zone; `after` is the first day behind it."""

    first = serializers.DateField()
    after = serializers.DateField()


class SumsSerializer(serializers.Serializer[Any]):
    """Measures that add up. What has no activity data is in no active or idle figure."""

    held_hours = HoursField(source="held_ms", help_text="F1")
    measured_hours = HoursField(source="measured_ms", help_text="The part of F1 whose activity is known.")
    active_hours = HoursField(source="active_ms", help_text="F2")
    busy_hours = HoursField(source="busy_ms", help_text="Mean activity times length; F4 is this by measured.")
    unpriced_hours = HoursField(source="unpriced_ms", help_text="The part of F1 without a price.")
    cost = MoneyField(help_text="F7, direct cost")
    idle_cost = MoneyField(help_text="F3")
    measured_cost = MoneyField(help_text="F7 of the measured part.")
    average_activity = ComputedField(
        figures.average_activity, help_text="F4, 0 to 1; null: nothing was measured."
    )
    cost_per_active_hour = ComputedField(
        figures.cost_per_active_hour, help_text="F11; null below 80 % measured or without an active hour."
    )


class TotalsSerializer(serializers.Serializer[Any]):
    """Everything added up, and the period before."""

    period = PeriodSerializer()
    currency = serializers.CharField()
    now = SumsSerializer()
    before = SumsSerializer()
    unused_hours = HoursField(source="unused.ms", help_text="F6")
    unused_cost = MoneyField(source="unused.cost", help_text="F6")
    shared_cost = MoneyField(source="shared", help_text="F8, zero with the method none.")
    total = MoneyField(help_text="F9")
    total_before = MoneyField(help_text="F9 of the period before.")
    unattributed = SumsSerializer(help_text="F10: without a team; only for viewers of everything.")
    without_project = MoneyField(allow_null=True, help_text="Direct cost with a team and no project.")


class LineSerializer(serializers.Serializer[Any]):
    """One value of a breakdown; an empty value is what is not attributed, `*` people one may not tell apart."""

    value = serializers.CharField(allow_blank=True)
    now = SumsSerializer(source="sums")
    before = SumsSerializer()
    unused_hours = HoursField(source="unused_ms")
    unused_cost = MoneyField()
    last_day = serializers.DateField(allow_null=True)
    rate = MoneyField(allow_null=True, help_text="Price of a GPU hour, where one price covers all of it.")
    image = serializers.CharField(help_text="Of a version: the name it ran under last.")


class BreakdownSerializer(serializers.Serializer[Any]):
    """A breakdown, most idle cost first."""

    period = PeriodSerializer()
    currency = serializers.CharField()
    by = serializers.CharField()
    lines = LineSerializer(many=True)


class SeriesRowSerializer(serializers.Serializer[Any]):
    """One value over time: `sums[n]` belongs to `starts[n]`."""

    value = serializers.CharField(allow_blank=True)
    sums = SumsSerializer(many=True)


class SeriesSerializer(serializers.Serializer[Any]):
    """Sums over time, most costly value first; a value `*` gathers `others`."""

    period = PeriodSerializer()
    currency = serializers.CharField()
    bucket = serializers.CharField()
    starts = serializers.ListField(child=serializers.CharField(), help_text="Days, or hours in UTC.")
    rows = SeriesRowSerializer(many=True)
    others = serializers.ListField(child=serializers.CharField(allow_blank=True))


class CapacityLineSerializer(serializers.Serializer[Any]):
    """What became of the GPUs provisioned of one type since `start`."""

    gpu_type = serializers.CharField()
    start = serializers.DateField()
    provisioned_hours = HoursField(source="provisioned_ms")
    active_hours = HoursField(source="active_ms")
    idle_hours = HoursField(source="idle_ms")
    unmeasured_hours = HoursField(source="unmeasured_ms")
    unused_hours = HoursField(source="unused_ms", help_text="Reserved and not used.")
    unallocated_hours = HoursField(source="unallocated_ms", help_text="F5")
    over_hours = HoursField(source="over_ms", help_text="Held beyond what was provisioned: a violation.")
    capacity_cost = MoneyField()
    direct_cost = MoneyField()
    unused_cost = MoneyField()
    unallocated_cost = MoneyField(help_text="F5")
    over_cost = MoneyField()


class CapacitySerializer(serializers.Serializer[Any]):
    """Capacity by type, and by time where a bucket is asked for."""

    period = PeriodSerializer()
    currency = serializers.CharField()
    lines = CapacityLineSerializer(many=True)


class ReconciliationSerializer(serializers.Serializer[Any]):
    """Capacity cost against the sum of its parts; `difference` is zero unless something is wrong."""

    period = PeriodSerializer()
    currency = serializers.CharField()
    known = serializers.BooleanField(help_text="False: no source brings capacity.")
    capacity = MoneyField()
    overhead = MoneyField()
    direct = MoneyField(help_text="F7 of teams")
    unattributed = MoneyField(help_text="F10")
    unused = MoneyField(help_text="F6")
    unallocated = MoneyField(help_text="F5")
    shared = MoneyField(help_text="F8")
    undistributed = MoneyField()
    over = MoneyField()
    uncovered = MoneyField(help_text="Cost on clusters and types whose capacity nobody reports.")
    difference = MoneyField()


class SourceStateSerializer(serializers.Serializer[Any]):
    """One source and through when it is complete."""

    key = serializers.CharField()
    name = serializers.CharField()
    facts = serializers.ListField(child=serializers.CharField(), help_text="usage activity capacity bill")
    complete_through = serializers.DateTimeField(allow_null=True, help_text="null: nothing was ever read.")
    late = serializers.BooleanField()


class UnpricedSerializer(serializers.Serializer[Any]):
    """GPU hours without a price."""

    gpu_type = serializers.CharField()
    held_hours = HoursField(source="held_ms")
    first_day = serializers.DateField()


class StandingSerializer(serializers.Serializer[Any]):
    """How the figures were made and how far they can be trusted: what is printed on every page."""

    currency = serializers.CharField()
    rate_version = serializers.IntegerField(help_text="0: no rate card was published.")
    shared_method = serializers.CharField(help_text="none direct quota equal")
    active_threshold = serializers.DecimalField(source="threshold", max_digits=4, decimal_places=3)
    metrics = serializers.ListField(child=serializers.CharField(), help_text="How activity was measured.")
    complete_through = serializers.DateTimeField(allow_null=True)
    sources = SourceStateSerializer(many=True)
    missing = serializers.ListField(child=serializers.CharField(), help_text="Kinds of facts nobody brings.")
    restated_days = serializers.IntegerField()
    restated_at = serializers.DateTimeField(allow_null=True)
    unpriced = UnpricedSerializer(many=True)


class EstimateQuery(StrictSerializer):
    """Planned use."""

    people = serializers.IntegerField(min_value=1, max_value=10_000)
    hours_per_week = serializers.DecimalField(
        max_digits=7, decimal_places=2, min_value=Decimal("0.01"), help_text="GPU hours of one person."
    )
    weeks = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=Decimal("0.01"), max_value=Decimal(520)
    )
    gpu = serializers.CharField(max_length=60, help_text="Key of a type of GPU.")
    cluster = serializers.CharField(required=False, default="", max_length=80)
    day = serializers.DateField(required=False, help_text="Whose prices count; today when nothing is said.")


class EstimateSerializer(serializers.Serializer[Any]):
    """F20: people x hours a week x weeks = hours, x rate = amount."""

    people = serializers.IntegerField()
    hours_per_week = serializers.DecimalField(max_digits=12, decimal_places=2)
    weeks = serializers.DecimalField(max_digits=12, decimal_places=2)
    gpu = serializers.CharField(source="gpu_type")
    day = serializers.DateField()
    hours = serializers.DecimalField(max_digits=20, decimal_places=4)
    rate = MoneyField(allow_null=True, help_text="null: no price is published.")
    rate_version = serializers.IntegerField()
    currency = serializers.CharField()
    amount = MoneyField(allow_null=True)
