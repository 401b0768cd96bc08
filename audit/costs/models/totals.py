"""Sums kept beside the rows: always those of the rows, rebuilt for each stretch that changes."""

from typing import ClassVar

from django.db import models

from audit.costs.models.usage import Measures, UsageKey


class HourTotal(Measures):
    """The usage of one key in one hour (of one day: an hour that midnight cuts has two). Partitioned by month."""

    pk = models.CompositePrimaryKey("day", "hour", "key_id")
    day = models.DateField()
    hour = models.DateTimeField()
    key = models.ForeignKey(UsageKey, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")

    class Meta:
        db_table = "costs_hourtotal"

    def __str__(self) -> str:
        return f"{self.key_id} {self.hour}"


class DayTotal(Measures):
    """The usage of one key on one day. `team` repeats the key's, for the index. Partitioned by month."""

    pk = models.CompositePrimaryKey("day", "key_id")
    day = models.DateField()
    key = models.ForeignKey(UsageKey, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    team = models.CharField(max_length=60)

    class Meta:
        db_table = "costs_daytotal"

    def __str__(self) -> str:
        return f"{self.key_id} {self.day}"


class TeamDay(Measures):
    """The usage of one team on one day by what was used: what pages of the whole organisation read."""

    day = models.DateField()
    team = models.CharField(max_length=60, blank=True)
    gpu_type = models.CharField(max_length=60)
    cluster = models.CharField(max_length=80)
    pricing_class = models.CharField(max_length=20)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "team", "gpu_type", "cluster", "pricing_class"], name="each_team_day_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["team", "day"], name="team_days")]

    def __str__(self) -> str:
        return f"{self.team} {self.day}"


class ReservationDay(models.Model):
    """What of a reservation nobody used on one day (figure F6), charged to its owner."""

    day = models.DateField()
    reservation = models.CharField(max_length=80)
    team = models.CharField(max_length=60)
    cluster = models.CharField(max_length=80)
    gpu_type = models.CharField(max_length=60)
    reserved_ms = models.BigIntegerField()
    held_ms = models.BigIntegerField()
    unused_ms = models.BigIntegerField()
    unused_cost = models.DecimalField(max_digits=20, decimal_places=6)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "reservation"], name="each_reservation_day_once")
        ]
        indexes: ClassVar = [models.Index(fields=["team", "day"], name="reservation_days_of_team")]

    def __str__(self) -> str:
        return f"{self.reservation} {self.day}"


class CapacityDay(models.Model):
    """What was provisioned on one day and what became of it.

    `unallocated_*` is never negative; `over_ms` is what was held beyond what was provisioned, a violation
    that is shown. `capacity_cost = direct_cost + unused_cost + unallocated_cost - over_cost`.
    Only hours whose capacity was reported are in these; what was held or reserved in the others stands in
    `unknown_*` alone.
    """

    day = models.DateField()
    cluster = models.CharField(max_length=80)
    gpu_type = models.CharField(max_length=60)
    pricing_class = models.CharField(max_length=20)
    provisioned_ms = models.BigIntegerField()
    held_ms = models.BigIntegerField()
    unused_ms = models.BigIntegerField(help_text="reserved and not used")
    unallocated_ms = models.BigIntegerField()
    over_ms = models.BigIntegerField(default=0)
    capacity_cost = models.DecimalField(max_digits=20, decimal_places=6)
    direct_cost = models.DecimalField(max_digits=20, decimal_places=6)
    unused_cost = models.DecimalField(max_digits=20, decimal_places=6)
    unallocated_cost = models.DecimalField(max_digits=20, decimal_places=6)
    over_cost = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    unknown_ms = models.BigIntegerField(default=0, help_text="held, or reserved and unused, capacity unknown")
    unknown_cost = models.DecimalField(max_digits=20, decimal_places=6, default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "cluster", "gpu_type", "pricing_class"], name="each_capacity_day_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.cluster} {self.gpu_type} {self.day}"
