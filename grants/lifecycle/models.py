"""The grant: a bundle of people and images of one project; and what the brake holds back."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from grants.catalogue.models import Image
from grants.directory.models import Person, Project
from grants.lifecycle.states import (
    END_REASONS,
    FINAL,
    HOLD_STATES,
    LIVE,
    ROLES,
    STATUSES,
    TRIGGERS,
    GrantStatus,
    HoldState,
    Role,
)


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
    """One image of the bundle. A registry's right is per repository; tag and digest say what was looked at.

    `kept`: the image is blocked, and yet this line allows it: the brake holds its ending back, or it was refused.
    """

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="images")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="grant_images")
    tag = models.CharField(max_length=128, blank=True)
    digest = models.CharField(max_length=80, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_reason = models.CharField(max_length=20, choices=END_REASONS, blank=True)
    kept = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["grant", "image"], name="each_image_once")]

    def __str__(self) -> str:
        return f"{self.image} in {self.grant}"

    @property
    def allows(self) -> bool:
        """Whether this line gives its image: it is still there, and not blocked, or kept all the same."""
        return self.removed_at is None and (not self.image.blocked or self.kept)


class Hold(models.Model):
    """An ending of many grants that the brake holds back until an administrator releases or refuses it.

    `grants_counted` of `grants_live`: what the trigger would end, of what was live then. `triggered_by` and
    `closed_by` are the names people read. What it would do stands in its lines.
    """

    kind = models.CharField(max_length=10, choices=TRIGGERS)
    subject = models.CharField(max_length=200, help_text="what set it off first, e.g. project:anti-fraud-v2")
    triggered_by = models.CharField(max_length=200)
    grants_counted = models.PositiveIntegerField()
    grants_live = models.PositiveIntegerField()
    since = models.DateTimeField()
    grown_at = models.DateTimeField(help_text="when the last ending was added")
    state = models.CharField(max_length=10, choices=HOLD_STATES, default=HoldState.HELD)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=200, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="held", closed_at=None, closed_by="", reason="")
                | (~Q(state="held") & Q(closed_at__isnull=False) & ~Q(closed_by="") & ~Q(reason="")),
                name="closed_hold_says_by_whom_and_why",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["kind"], condition=Q(state="held"), name="holds_open")]

    def __str__(self) -> str:
        return f"hold {self.pk}"

    @property
    def label(self) -> str:
        """The hold as the ledger writes it: `hold:12`."""
        return f"hold:{self.pk}"

    @property
    def share(self) -> int:
        """How many of a hundred live grants the trigger would end."""
        return round(100 * self.grants_counted / max(self.grants_live, 1))


class TriggerLine(models.Model):
    """One ending by a trigger that the brake watches: of a grant, or of one person's or image's part of it.

    Without a hold it was carried out and counts for as long as the brake looks back; with one it waits.
    `disables`: releasing it disables the person.
    """

    kind = models.CharField(max_length=10, choices=TRIGGERS)
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="trigger_lines")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    disables = models.BooleanField(default=False)
    at = models.DateTimeField()
    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, null=True, blank=True, related_name="lines")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["hold", "grant", "person", "image"],
                nulls_distinct=False,
                condition=Q(hold__isnull=False),
                name="each_line_held_once",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["kind", "at"], condition=Q(hold=None), name="trigger_lines_recent")
        ]

    def __str__(self) -> str:
        return f"{self.kind} ending of {self.grant_id}"
