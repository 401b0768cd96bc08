"""The rate card of GPU costs: prices, versions, what a change does, what was restated."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from audit.costs.records import PricingClass
from portal.api.serializers.common import PageQuery
from portal.api.serializers.costs import HoursField, MoneyField
from portal.api.strict import StrictSerializer

CLASSES = ["", *(one.value for one in PricingClass)]


class PriceStepSerializer(serializers.Serializer[Any]):
    """The price of a GPU hour from a day on."""

    from_day = serializers.DateField()
    price = MoneyField(allow_null=True, help_text="null: the price ends that day.")
    version = serializers.IntegerField(help_text="The version that said so last.")


class PriceLineSerializer(serializers.Serializer[Any]):
    """Prices of one type, cluster and class over time, oldest first; empty cluster or class: every one."""

    gpu_type = serializers.CharField()
    cluster = serializers.CharField(allow_blank=True)
    pricing_class = serializers.CharField(allow_blank=True, help_text="on_demand spot reserved committed")
    steps = PriceStepSerializer(many=True)


class RateCardSerializer(serializers.Serializer[Any]):
    """What a GPU hour costs, from which day on."""

    version = serializers.IntegerField(help_text="0: none was published.")
    currency = serializers.CharField()
    prices = PriceLineSerializer(many=True)


class RateBody(StrictSerializer):
    """One new price from a day on."""

    gpu_type = serializers.CharField(max_length=60)
    cluster = serializers.CharField(required=False, allow_blank=True, default="", max_length=80)
    pricing_class = serializers.ChoiceField(choices=CLASSES, required=False, default="")
    from_day = serializers.DateField()
    price = serializers.DecimalField(
        max_digits=11,
        decimal_places=6,
        min_value=Decimal(0),
        max_value=Decimal(10_000),
        allow_null=True,
        help_text="null: the price ends that day.",
    )


class RatesBody(StrictSerializer):
    """New prices."""

    changes = serializers.ListField(child=RateBody(), min_length=1, max_length=200)


class PublishBody(RatesBody):
    """New prices, why, and the version that they were prepared against."""

    reason = serializers.CharField(max_length=500)
    expected_version = serializers.IntegerField(
        min_value=0, max_value=2**31 - 1, help_text="As previewed; another one answers 409 `stale_rates`."
    )


class TeamChangeSerializer(serializers.Serializer[Any]):
    """The cost of a team's hours that get another price."""

    team = serializers.CharField(allow_blank=True)
    before = MoneyField()
    after = MoneyField()
    month_before = MoneyField(help_text="The part of this month.")
    month_after = MoneyField()


class RatesEffectSerializer(serializers.Serializer[Any]):
    """What publishing prices would do, worked out from the rows."""

    expected_version = serializers.IntegerField()
    days = serializers.ListField(child=serializers.DateField())
    closed = serializers.ListField(child=serializers.DateField(), help_text="Closed days: they are restated.")
    teams = TeamChangeSerializer(many=True)
    priced_hours = HoursField(source="priced_ms", help_text="Hours that get a price they had not.")
    unpriced_hours = HoursField(source="unpriced_ms", help_text="Hours that lose their price.")
    before = MoneyField()
    after = MoneyField()
    closed_before = MoneyField()
    closed_after = MoneyField()


class RateSerializer(serializers.Serializer[Any]):
    """One row of a published version."""

    gpu_type = serializers.CharField()
    cluster = serializers.CharField(allow_blank=True)
    pricing_class = serializers.CharField(allow_blank=True)
    from_day = serializers.DateField()
    price = MoneyField(allow_null=True)


class RevisionSerializer(serializers.Serializer[Any]):
    """A published version of the rate card."""

    number = serializers.IntegerField()
    published_at = serializers.DateTimeField()
    by = serializers.CharField(source="by_name", allow_blank=True)
    reason = serializers.CharField()
    prices = RateSerializer(many=True, source="rates.all")


class RestatementQuery(PageQuery):
    """Which restated days."""

    since = serializers.DateField(required=False, help_text="First day.")
    until = serializers.DateField(required=False, help_text="Last day.")


class RestatementSerializer(serializers.Serializer[Any]):
    """A closed day of a team whose figures changed."""

    day = serializers.DateField()
    at = serializers.DateTimeField()
    cause = serializers.CharField(help_text="late rates activity reservation rebuild")
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]  # the framework's word for something else
    version = serializers.IntegerField(source="revision", allow_null=True, help_text="Of the rate card.")
    team = serializers.CharField(allow_blank=True)
    before_hours = HoursField(source="before_ms")
    after_hours = HoursField(source="after_ms")
    before_cost = MoneyField()
    after_cost = MoneyField()
