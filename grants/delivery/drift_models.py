"""What was found at targets that nobody of ours put there or took away, and when each target was looked at."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from grants.delivery.drift_states import DECISIONS, DRIFT_STATES, WHATS, DriftState
from grants.directory.models import Project


class Drift(models.Model):
    """One place of a target that differs in one way, for as long as it does; it is opened again when it comes back.

    `kind` and `key` are the place's. `wanted` and `seen`: the facts as [[name, value], ...], None for nothing there;
    never a secret. `accepted`: a digest of what a decision was made on, so that it covers nothing else. `fought_at`:
    since when repairing has stopped because somebody undoes it. `held_at`: since when a removal waits for a person's
    release, `released_at`: when it was given.
    """

    target = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=255)
    what = models.CharField(max_length=10, choices=WHATS)
    state = models.CharField(max_length=10, choices=DRIFT_STATES, default=DriftState.OPEN)
    wanted = models.JSONField(null=True, blank=True)
    seen = models.JSONField(null=True, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    came_back = models.PositiveIntegerField(default=0, help_text="how often it returned")
    closed_at = models.DateTimeField(null=True, blank=True)
    repaired_at = models.DateTimeField(
        null=True, blank=True, help_text="when we last began to put it right, this time"
    )
    fought_at = models.DateTimeField(null=True, blank=True)
    cause = models.CharField(max_length=30, blank=True, help_text="code of the likely cause of a fight")
    cause_name = models.CharField(max_length=200, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    decision = models.CharField(max_length=10, choices=DECISIONS, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True, help_text="the name people read")
    reason = models.CharField(max_length=500, blank=True)
    ignore_until = models.DateTimeField(null=True, blank=True)
    accepted = models.CharField(max_length=64, blank=True)
    projects = models.ManyToManyField(Project, related_name="+", help_text="whose access stands at the place")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["target", "kind", "key", "what"], name="one_drift_per_difference"
            ),
            models.CheckConstraint(
                condition=~Q(what="leftover", state__in=["adopted", "ignored"]),
                name="no_leftover_access_is_accepted",
            ),
            models.CheckConstraint(
                condition=~Q(what="appeared", state="repairing"), name="foreign_entries_are_never_touched"
            ),
            models.CheckConstraint(
                condition=Q(state="closed", closed_at__isnull=False) | ~Q(state="closed") & Q(closed_at=None),
                name="closed_drift_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["adopted", "ignored"])
                | Q(decided_at__isnull=False) & ~Q(reason="") & ~Q(decided_by=""),
                name="accepted_drift_has_decision",
            ),
            models.CheckConstraint(
                condition=Q(state="ignored", ignore_until__isnull=False) | ~Q(state="ignored"),
                name="ignored_drift_has_end",
            ),
            models.CheckConstraint(
                condition=Q(last_seen_at__gte=F("first_seen_at")), name="drift_seen_in_order"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-last_seen_at", "-id"], name="drift_newest"),
            models.Index(fields=["target", "state"], name="drift_of_target"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.kind} {self.key} at {self.target}"

    @property
    def label(self) -> str:
        """The difference as the ledger writes it: `drift:12`."""
        return f"drift:{self.pk}"


class Episode(models.Model):
    """One time a difference lasted. `again`: it began after the one before had been put right by us."""

    drift = models.ForeignKey(Drift, on_delete=models.CASCADE, related_name="episodes")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    repaired_at = models.DateTimeField(null=True, blank=True, help_text="when we began to put it right")
    again = models.BooleanField(default=False)
    seen = models.JSONField(null=True, blank=True)
    manager = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering: ClassVar = ["-began_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["drift"], condition=Q(ended_at=None), name="one_open_episode_per_drift"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["began_at"], condition=Q(again=True), name="drift_fights"),
        ]

    def __str__(self) -> str:
        return f"{self.drift} since {self.began_at}"


class TargetScan(models.Model):
    """The last look at a target, and when the next is due: the row is the queue.

    `wanted`, `there`: places wanted, and of ours seen there. `took_ms`: our own time, without the target's answer.
    """

    target = models.CharField(max_length=40, unique=True)
    next_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(
        null=True, blank=True, help_text="of the last scan that came to an end"
    )
    error = models.CharField(max_length=500, blank=True, help_text="why the last scan came to none")
    wanted = models.PositiveIntegerField(default=0)
    there = models.PositiveIntegerField(default=0)
    took_ms = models.PositiveIntegerField(default=0)
    too_little = models.BooleanField(default=False, help_text="it showed suspiciously little")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["next_at"], name="scan_due")]

    def __str__(self) -> str:
        return f"scan of {self.target}"
