"""Budgets, what is promised from them, what is expected, and what was unusual."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Budget(models.Model):
    """What a team or a cost centre may spend from `starts` up to, not including, `ends`."""

    owner_kind = models.CharField(max_length=12, help_text="team or cost_centre")
    owner = models.CharField(max_length=60)
    starts = models.DateField()
    ends = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    thresholds = models.JSONField(default=list, help_text="percents that are told, e.g. [80, 100]")
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner_kind", "owner", "starts"], name="each_budget_once"),
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="budget_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="budget_is_positive"),
        ]
        indexes: ClassVar = [models.Index(fields=["owner", "starts"], name="budgets_of_owner")]

    def __str__(self) -> str:
        return f"{self.owner} from {self.starts}"


class BudgetNotice(models.Model):
    """A threshold that was told, once: a percent spent, or `forecast` for one that is expected to be passed."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="notices")
    what = models.CharField(max_length=12)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["budget", "what"], name="each_threshold_told_once")
        ]

    def __str__(self) -> str:
        return f"{self.budget_id} {self.what}"


class Commitment(models.Model):
    """What an approved request plans to use, handed down by whoever approved it. `origin` is opaque here."""

    origin = models.CharField(max_length=60, unique=True, help_text="request:42")
    grant = models.CharField(max_length=40, blank=True)
    team = models.CharField(max_length=60)
    project = models.CharField(max_length=60)
    gpu_type = models.CharField(max_length=60)
    hours = models.DecimalField(max_digits=16, decimal_places=3)
    amount = models.DecimalField(max_digits=16, decimal_places=2, null=True, help_text="null: no rate then")
    starts = models.DateField()
    ends = models.DateField()
    over = models.BooleanField(default=False, help_text="the grant has ended, or was given back")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["team", "starts"], name="commitments_of_team")]

    def __str__(self) -> str:
        return f"{self.origin}: {self.hours} h"


class Outlook(models.Model):
    """The forecast of one budget as last computed, so that a list of teams need not compute each."""

    budget = models.OneToOneField(Budget, on_delete=models.CASCADE, related_name="outlook")
    at = models.DateTimeField()
    complete_through = models.DateTimeField(null=True)
    spent = models.DecimalField(max_digits=20, decimal_places=6)
    forecast = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    low = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    high = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    committed = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    ends_on = models.DateField(null=True, help_text="the day the money is gone; null: not in this period")

    def __str__(self) -> str:
        return f"{self.budget_id}: {self.forecast}"


class Anomaly(models.Model):
    """A day far from what is usual for a team (empty: the whole organisation), and what it was made of.

    `causes` is a list of {"by", "value", "amount"}: data for a sentence in the reader's language.
    """

    day = models.DateField()
    team = models.CharField(max_length=60, blank=True)
    high = models.BooleanField(help_text="False: unusually little, perhaps data are missing")
    amount = models.DecimalField(max_digits=20, decimal_places=6)
    usual = models.DecimalField(max_digits=20, decimal_places=6)
    score = models.DecimalField(max_digits=12, decimal_places=3)
    causes = models.JSONField(default=list)
    found_at = models.DateTimeField()
    noted_by = models.CharField(max_length=200, blank=True, help_text="who said that it is understood")
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["day", "team"], name="one_anomaly_per_team_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.team} {self.day}"
