"""Prices, what is reserved, what is shared, and what was restated."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q


class GpuType(models.Model):
    """A type of GPU: how sources call it, how pages call it, and its colour in every chart (0-5; 6: other)."""

    key = models.CharField(max_length=60, unique=True, help_text="e.g. l40s")
    label = models.CharField(max_length=80)
    aliases = models.JSONField(default=list, help_text="names of sources, folded: nvidia-l40s")
    colour = models.PositiveSmallIntegerField(default=6)

    def __str__(self) -> str:
        return self.label


class RateRevision(models.Model):
    """One published change of the rate card. Its number is the version printed on every page."""

    number = models.PositiveIntegerField(unique=True)
    published_at = models.DateTimeField()
    by = models.CharField(max_length=60)
    by_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"version {self.number}"


class Rate(models.Model):
    """The price of one GPU hour from a day on, until the next row of the same type, cluster and class.

    An empty cluster or class stands for every one. A row is never changed: a later revision replaces it by
    another row for the same day. `price` null ends a price.
    """

    revision = models.ForeignKey(RateRevision, on_delete=models.PROTECT, related_name="rates")
    gpu_type = models.CharField(max_length=60)
    cluster = models.CharField(max_length=80, blank=True)
    pricing_class = models.CharField(max_length=20, blank=True)
    from_day = models.DateField()
    price = models.DecimalField(max_digits=14, decimal_places=6, null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["revision", "gpu_type", "cluster", "pricing_class", "from_day"],
                name="each_rate_once_per_revision",
            ),
            models.CheckConstraint(condition=Q(price=None) | Q(price__gte=0), name="rate_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.gpu_type} {self.price} from {self.from_day}"


class Restatement(models.Model):
    """A closed day whose figures changed afterwards, and by what. Day totals of the time stay readable here."""

    day = models.DateField()
    at = models.DateTimeField()
    cause = models.CharField(max_length=12, help_text="late, rates, activity, reservation, rebuild")
    source = models.CharField(max_length=60, blank=True)
    revision = models.PositiveIntegerField(null=True)
    team = models.CharField(max_length=60, blank=True)
    before_ms = models.BigIntegerField()
    after_ms = models.BigIntegerField()
    before_cost = models.DecimalField(max_digits=20, decimal_places=6)
    after_cost = models.DecimalField(max_digits=20, decimal_places=6)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["day", "team"], name="restatements_of_day"),
            models.Index(fields=["-at"], name="restatements_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.day}: {self.before_cost} -> {self.after_cost}"


class Reservation(models.Model):
    """GPUs that a team has reserved and pays for, used or not. `ends` is the first day after it."""

    name = models.CharField(max_length=80, unique=True)
    team = models.CharField(max_length=60)
    cluster = models.CharField(max_length=80)
    gpu_type = models.CharField(max_length=60)
    gpus = models.PositiveIntegerField()
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Overhead(models.Model):
    """A cost of one month that belongs to nobody alone, e.g. the control plane."""

    month = models.DateField(help_text="its first day")
    name = models.CharField(max_length=120)
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["month", "name"], name="each_overhead_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="overhead_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.month}"


class CostSettings(models.Model):
    """The one row of choices that figures are printed with."""

    currency = models.CharField(max_length=3, default="USD")
    shared_method = models.CharField(
        max_length=12, default="none", help_text="none, direct, quota or equal (figure F8)"
    )
    active_threshold = models.DecimalField(max_digits=4, decimal_places=3, default=Decimal("0.05"))
    derived_threshold = models.DecimalField(
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.05"),
        help_text="the one all rows were looked at with",
    )
    closed_after_days = models.PositiveSmallIntegerField(
        default=3, help_text="a day that changes later than this is restated"
    )
    member_names = models.BooleanField(
        default=False, help_text="members see whose use it was, not only leads"
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(active_threshold__gt=0, active_threshold__lte=1), name="threshold_is_a_share"
            )
        ]

    def __str__(self) -> str:
        return self.currency
