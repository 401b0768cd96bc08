"""Lines of access at targets, and every outside call made for them. The rows are the queue."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from grants.delivery.drift_models import Drift, Episode, TargetScan
from grants.delivery.states import ACTIONS, OPEN, RESULTS, STATUSES, Status
from grants.lifecycle.models import Grant

__all__ = ["Attempt", "Delivery", "Drift", "Episode", "Pace", "TargetScan"]


class Delivery(models.Model):
    """One person, one image or one thing of the project of one grant at one target, and how far it has come.

    `kind` and `key` are the connector's: `member` and `person:<id>`, `image` and the repository, `tenant` and the
    namespace, ... `fence` grows with every claim and every change of what is wanted, so that a worker that slept
    through one cannot write what it saw before. A verified line has a next attempt only when it needs us again
    (a secret to rotate). `ends_itself_at`: when the target ends it without us. `facts`: a digest of what was last
    put there, to tell our own changes of mind from somebody else's.
    """

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="deliveries")
    target = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=255)
    status = models.CharField(max_length=10, choices=STATUSES, default=Status.WANTED)
    since = models.DateTimeField(help_text="since when it is wanted, or unwanted")
    attempts = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    detail = models.CharField(max_length=500, blank=True, help_text="what was seen last, in one sentence")
    fence = models.BigIntegerField(default=0)
    applied_at = models.DateTimeField(null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)
    ends_itself_at = models.DateTimeField(null=True, blank=True)
    facts = models.CharField(max_length=64, blank=True)
    denials = models.PositiveIntegerField(
        default=0, help_text="how often it was seen refused since it is unwanted"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["grant", "target", "kind", "key"], name="one_delivery_per_line"),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, next_attempt_at__isnull=False)
                | Q(status=Status.VERIFIED)
                | Q(status=Status.PROVEN, next_attempt_at=None),
                name="open_delivery_has_next_attempt",
            ),
            models.CheckConstraint(
                condition=~Q(status="proven") | Q(proven_at__isnull=False), name="proven_delivery_has_time"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="delivery_due"
            ),
            models.Index(fields=["target", "kind", "key"], name="delivery_place"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} at {self.target}"


class Attempt(models.Model):
    """One outside call: the intent, committed before it, and the outcome, written after it.

    An intent without an outcome was cut off; the target is read back before anything else is tried.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="calls")
    action = models.CharField(max_length=10, choices=ACTIONS)
    fence = models.BigIntegerField()
    intent_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=RESULTS, blank=True)
    outcome_at = models.DateTimeField(null=True, blank=True)
    error_kind = models.CharField(max_length=20, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(outcome="", outcome_at=None) | (~Q(outcome="") & Q(outcome_at__isnull=False)),
                name="outcome_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["delivery"], condition=Q(outcome=""), name="attempt_cut_off"),
        ]

    def __str__(self) -> str:
        return f"{self.action} of {self.delivery}"


class Pace(models.Model):
    """How many calls a target may still be asked now: a bucket that fills with time."""

    target = models.CharField(max_length=40, unique=True)
    allowance = models.FloatField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"pace of {self.target}"
