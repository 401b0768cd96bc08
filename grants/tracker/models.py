"""What our projects follow in Jira and what it last said, webhooks taken in, and projects being wound down."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from grants.directory.models import Project
from grants.lifecycle.models import Hold
from grants.lifecycle.states import HoldState
from grants.tracker.states import CATEGORIES, KINDS, OVER, WindDownState


class Watch(models.Model):
    """The Jira issue or project that decides about one of our projects, and what Jira last said of it.

    The rows are the queue: a watch is due at `next_check_at`. `leased_until` and `fence` belong to the worker
    that reads it; a hint that arrives meanwhile makes it due again. `jira_id` stays when the key moves.
    """

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="jira_watch")
    kind = models.CharField(max_length=10, choices=KINDS)
    configured = models.CharField(max_length=60, help_text="the key the directory names")
    key = models.CharField(max_length=120, db_index=True, help_text="the key Jira uses now")
    jira_id = models.CharField(max_length=20, blank=True, db_index=True)
    category = models.CharField(max_length=15, choices=CATEGORIES, blank=True)
    status_name = models.CharField(max_length=255, blank=True)
    category_changed_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True, help_text="Jira's own time of the last change")
    checked_at = models.DateTimeField(null=True, blank=True, help_text="when Jira last told us")
    missing_since = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    next_check_at = models.DateTimeField(db_index=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.key} for {self.project}"

    @property
    def over(self) -> bool:
        """Whether Jira says that the work is over."""
        return self.category in OVER


class WebhookReceipt(models.Model):
    """A webhook about something we follow. Kept for ever: the same one never counts twice.

    Jira Cloud repeats its identifier with every retry; Data Center sends none, so the body is compared. Bodies
    without a time (Automation) may be equal and yet news, so they have no digest.
    """

    identifier = models.CharField(max_length=100, null=True, blank=True, unique=True)
    digest = models.BinaryField(max_length=32, null=True, blank=True, unique=True)
    watch = models.ForeignKey(Watch, on_delete=models.SET_NULL, null=True, related_name="receipts")
    event = models.CharField(max_length=100)
    jira_id = models.CharField(max_length=20)
    key = models.CharField(max_length=120)
    sent_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True, help_text="when Jira was read because of it")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["watch", "received_at"], condition=Q(answered_at=None), name="receipts_open")
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.key}"


class WindDown(models.Model):
    """The ending of a project that is done: access ends at `due_at` unless Jira re-opens it before.

    `closed_project`: whether this closed the project, so that re-opening opens it again. Somebody may put it on
    hold: then access ends at `paused_until` at the earliest. `brake`: too much would have ended at once.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="wind_downs")
    reason = models.CharField(max_length=300, help_text="what Jira said, e.g. AF-12: Done")
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_project = models.BooleanField()
    finished_at = models.DateTimeField(null=True, blank=True)
    grants_ended = models.PositiveIntegerField(default=0)
    noticed_at = models.DateTimeField(
        null=True, blank=True, help_text="when the notice before the end was sent"
    )
    paused_until = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=200, blank=True)
    pause_reason = models.CharField(max_length=500, blank=True)
    brake = models.ForeignKey(
        Hold, on_delete=models.PROTECT, null=True, blank=True, related_name="wind_downs"
    )
    cancelled_at = models.DateTimeField(null=True, blank=True)
    reopened_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(cancelled_at=None, reopened_at=None),
                name="one_wind_down_per_project",
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at=None) | Q(finished_at=None), name="finished_is_not_cancelled"
            ),
            models.CheckConstraint(
                condition=Q(reopened_at=None) | Q(finished_at__isnull=False), name="reopened_was_finished"
            ),
            models.CheckConstraint(
                condition=Q(paused_until=None, paused_by="", pause_reason="")
                | (Q(paused_until__isnull=False) & ~Q(paused_by="") & ~Q(pause_reason="")),
                name="pause_says_by_whom_and_why",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"], condition=Q(finished_at=None, cancelled_at=None), name="wind_downs_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.project}: {self.reason}"

    @property
    def state(self) -> WindDownState:
        """Running, ended, cancelled (re-opened in time), reopened (too late), braked, or kept by whom it was put to."""
        if self.cancelled_at:
            return WindDownState.CANCELLED
        if self.reopened_at:
            return WindDownState.REOPENED
        if self.brake is not None and self.brake.state != HoldState.RELEASED:
            return WindDownState.BRAKED if self.brake.state == HoldState.HELD else WindDownState.KEPT
        return WindDownState.ENDED if self.finished_at else WindDownState.RUNNING

    @property
    def ends_at(self) -> datetime:
        """When access ends, as things stand: when the grace is over, or the time it was put on hold until."""
        return max(self.due_at, self.paused_until) if self.paused_until else self.due_at


class PollMark(models.Model):
    """How far the poll has asked Jira for changes; one row."""

    covered_until = models.DateTimeField(null=True, blank=True)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"Jira polled until {self.covered_until}"
