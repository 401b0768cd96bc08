"""The grant: a bundle of people and images of one project, for one role and one window of time."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from grants.catalogue.models import Image
from grants.directory.models import Person, Project
from grants.lifecycle.states import END_REASONS, FINAL, LIVE, ROLES, STATUSES, GrantStatus, Role


class Grant(models.Model):
    """Who may use what, from when, until when, and why it ended. `origin` says who decided, as opaque text."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(max_length=12, choices=ROLES, default=Role.VIEWER)
    status = models.CharField(max_length=14, choices=STATUSES, default=GrantStatus.SCHEDULED)
    environment = models.CharField(max_length=20, default="research")
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    end_reason = models.CharField(max_length=20, choices=END_REASONS, blank=True)
    end_note = models.CharField(max_length=500, blank=True)
    revoking_since = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    activated_at = models.DateTimeField(null=True, blank=True)
    origin = models.CharField(max_length=60)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=200)
    changed_at = models.DateTimeField(help_text="when its status or window last changed")
    changed_by = models.CharField(max_length=200, help_text="the name people read in a conflict")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(ends__gt=F("starts")), name="grant_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(status__in=FINAL, ended_at__isnull=False)
                | (~Q(status__in=FINAL) & Q(ended_at=None)),
                name="final_grant_has_end_time",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["revoking", "ended"], revoking_since__isnull=False)
                & ~Q(end_reason="")
                | ~Q(status__in=["revoking", "ended"]),
                name="ending_grant_has_reason",
            ),
            models.UniqueConstraint(fields=["origin"], name="one_grant_per_origin"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "ends"], name="grant_ends_due"),
            models.Index(fields=["status", "starts"], name="grant_starts_due"),
        ]

    def __str__(self) -> str:
        return f"grant {self.pk}"

    @property
    def label(self) -> str:
        """The grant as the ledger writes it: `grant:12`."""
        return f"grant:{self.pk}"

    @property
    def live(self) -> bool:
        """Whether the grant allows anything now or later."""
        return self.status in LIVE


class GrantMember(models.Model):
    """One person of the bundle. `removed_at` is set when only this person's part ended (they left)."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="grant_members")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.CharField(max_length=20, choices=END_REASONS, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["grant", "person"], name="each_member_once")]

    def __str__(self) -> str:
        return f"{self.person} in {self.grant}"


class GrantImage(models.Model):
    """One image of the bundle. A registry's right is per repository; tag and digest say what was looked at."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="images")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="grant_images")
    tag = models.CharField(max_length=128, blank=True)
    digest = models.CharField(max_length=80, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.CharField(max_length=20, choices=END_REASONS, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["grant", "image"], name="each_image_once")]

    def __str__(self) -> str:
        return f"{self.image} in {self.grant}"
