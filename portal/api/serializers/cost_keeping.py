"""Budgets, unusual days, rates, reservations, overhead, settings and sources of GPU costs."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from audit.costs.budgets import OWNERS
from audit.costs.settings import SHARED_METHODS
from portal.api.serializers.common import PageQuery
from portal.api.serializers.costs import MoneyField
from portal.api.strict import StrictSerializer


class Amount(serializers.DecimalField):
    """An amount with two places, not negative."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_digits": 14, "decimal_places": 2, "min_value": Decimal(0), **kwargs})


class LastDay(serializers.DateField):
    """The day before the first day behind a period."""

    def to_representation(self, value: Any) -> Any:
        """The last day."""
        return super().to_representation(value - timedelta(days=1))


class BudgetQuery(PageQuery):
    """Which budgets."""

    running = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="On the day it is."
    )
    owner_kind = serializers.ChoiceField(choices=["", *OWNERS], required=False, default="")
    owner = serializers.CharField(required=False, default="", max_length=60)


class OutlookSerializer(serializers.Serializer[Any]):
    """How a budget was last worked out to stand (F12, F14-F17)."""

    at = serializers.DateTimeField()
    complete_through = serializers.DateTimeField(allow_null=True)
    spent = MoneyField(help_text="F12")
    forecast = MoneyField(allow_null=True, help_text="F14; null: too early to say.")
    low = MoneyField(allow_null=True, help_text="F15")
    high = MoneyField(allow_null=True, help_text="F15")
    committed = MoneyField(help_text="Approved and not yet used; F16 is the forecast and this.")
    ends_on = serializers.DateField(allow_null=True, help_text="F17; null: not in this period.")


class BudgetSerializer(serializers.Serializer[Any]):
    """What a team or cost centre may spend in a period."""

    id = serializers.IntegerField(source="pk")
    owner_kind = serializers.CharField(help_text="team cost_centre")
    owner = serializers.CharField(help_text="Key of the team, or the cost centre.")
    first_day = serializers.DateField(source="starts")
    last_day = LastDay(source="ends")
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)
    thresholds = serializers.ListField(child=serializers.IntegerField())
    note = serializers.CharField()
    outlook = OutlookSerializer(allow_null=True)


class OneBudgetSerializer(BudgetSerializer):
    """A budget with every complete day of it."""

    use = MoneyField(help_text="F13 as a share: 0.5 is half.")
    left = MoneyField(help_text="Negative when overspent.")
    plan_index = MoneyField(allow_null=True, help_text="F13: 1.00 is on plan; null on the first day.")
    spent_by_day = serializers.ListField(
        child=MoneyField(), help_text="F9 of each complete day of the period."
    )


class BudgetBody(StrictSerializer):
    """A budget; of a change, what is absent stays as it is."""

    owner_kind = serializers.ChoiceField(choices=OWNERS)
    owner = serializers.CharField(max_length=60)
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    amount = Amount(min_value=Decimal("0.01"))
    thresholds = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=200), required=False, max_length=10
    )
    note = serializers.CharField(required=False, allow_blank=True, max_length=300)


class CauseSerializer(serializers.Serializer[Any]):
    """What made a day unusual (F19)."""

    by = serializers.CharField()
    value = serializers.CharField(allow_blank=True)
    amount = MoneyField(help_text="Above what is usual; negative below.")


class AnomalySerializer(serializers.Serializer[Any]):
    """An unusual day (F18) of a team; an empty team is the whole organisation."""

    id = serializers.IntegerField(source="pk")
    day = serializers.DateField()
    team = serializers.CharField(allow_blank=True)
    high = serializers.BooleanField(help_text="False: unusually little, perhaps data are missing.")
    amount = MoneyField()
    usual = MoneyField()
    excess = MoneyField()
    score = serializers.DecimalField(max_digits=16, decimal_places=3)
    causes = CauseSerializer(many=True)
    found_at = serializers.DateTimeField()
    noted_by = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)


class AnomaliesSerializer(serializers.Serializer[Any]):
    """Unusual days, newest first."""

    results = AnomalySerializer(many=True)


class AnomalyNote(StrictSerializer):
    """What the reason of an unusual day was."""

    note = serializers.CharField(max_length=500)


class ReservationSerializer(serializers.Serializer[Any]):
    """GPUs that a team pays for, used or not."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    team = serializers.CharField(help_text="Key of the team that pays.")
    cluster = serializers.CharField()
    gpu_type = serializers.CharField()
    gpus = serializers.IntegerField()
    first_day = serializers.DateField(source="starts")
    last_day = LastDay(source="ends", allow_null=True, help_text="null: no end is known.")


class ReservationsSerializer(serializers.Serializer[Any]):
    """Every reservation."""

    results = ReservationSerializer(many=True)


class ReservationBody(StrictSerializer):
    """What is reserved. The name is the key: the same name again changes that reservation."""

    name = serializers.CharField(max_length=80)
    team = serializers.SlugField(max_length=60)
    cluster = serializers.CharField(max_length=80)
    gpu_type = serializers.CharField(max_length=60)
    gpus = serializers.IntegerField(min_value=1, max_value=100_000)
    first_day = serializers.DateField()
    last_day = serializers.DateField(required=False, allow_null=True)


class OverheadSerializer(serializers.Serializer[Any]):
    """A cost of one month that belongs to nobody alone."""

    id = serializers.IntegerField(source="pk")
    month = serializers.DateField(help_text="Its first day.")
    name = serializers.CharField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2)


class OverheadBody(StrictSerializer):
    """What something cost in a month. Month and name are the key: the same again changes the amount."""

    month = serializers.DateField(help_text="Any day of the month.")
    name = serializers.CharField(max_length=120)
    amount = Amount()


class SettingsSerializer(serializers.Serializer[Any]):
    """The choices that figures are printed with."""

    currency = serializers.CharField()
    shared_method = serializers.CharField(help_text="none direct quota equal")
    active_threshold = serializers.DecimalField(
        max_digits=4, decimal_places=3, help_text="A share: 0.05 is 5 %."
    )
    closed_after_days = serializers.IntegerField()
    member_names = serializers.BooleanField()
    changed_by = serializers.CharField(allow_blank=True)
    changed_at = serializers.DateTimeField(allow_null=True)


class SettingsBody(StrictSerializer):
    """New settings; what is absent stays as it is."""

    currency = serializers.RegexField(r"^[A-Z]{3}$", required=False)
    shared_method = serializers.ChoiceField(choices=SHARED_METHODS, required=False)
    active_threshold = serializers.DecimalField(
        max_digits=4, decimal_places=3, min_value=Decimal("0.001"), max_value=Decimal(1), required=False
    )
    closed_after_days = serializers.IntegerField(min_value=0, max_value=366, required=False)
    member_names = serializers.BooleanField(required=False)
