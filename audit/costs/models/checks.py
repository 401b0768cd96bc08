"""What was found to be wrong with the figures, and whether it still is."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

KINDS = [(name, name) for name in ("totals", "negative", "gpu_shared_beyond_one", "held_beyond_capacity",
                                   "reconciliation", "missing_hours")]  # fmt: skip


class Violation(models.Model):
    """One rule that one day's figures broke. `subject` says where: a table, a GPU, a cluster and type.

    It stays, cleared, when a later check finds the day in order.
    """

    kind = models.CharField(max_length=30, choices=KINDS)
    day = models.DateField()
    subject = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(
        default=dict, help_text="amounts as text, for a sentence in the reader's language"
    )
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="when a check last found it")
    cleared_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "day", "subject"],
                condition=Q(cleared_at=None),
                name="each_open_violation_once",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["-found_at"], name="violations_by_time")]

    def __str__(self) -> str:
        return f"{self.kind} {self.day} {self.subject}"


class Check(models.Model):
    """One run of the checks: over which days, when, and how many rules were broken."""

    first = models.DateField()
    last = models.DateField()
    at = models.DateTimeField()
    rows = models.BigIntegerField(help_text="raw rows that were added up")
    found = models.PositiveIntegerField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-at"], name="checks_by_time")]

    def __str__(self) -> str:
        return f"{self.first} to {self.last}: {self.found}"
