"""Notifications are rows first: written with the change they tell of, read in the portal, then sent by mail."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from grants.directory.models import Person
from portal.notify.kinds import KINDS

MAIL_STATES = [(s, s) for s in ("pending", "sent", "failing", "no_address")]


class Notification(models.Model):
    """One thing one person should know. `occasion` makes it unique: the same occasion never tells twice."""

    recipient = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=30, choices=KINDS)
    occasion = models.CharField(max_length=120)
    request_id = models.BigIntegerField(null=True, blank=True)
    grant_id = models.BigIntegerField(null=True, blank=True)
    params = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail_state = models.CharField(max_length=12, choices=MAIL_STATES, default="pending")
    mail_attempts = models.PositiveIntegerField(default=0)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_sent_at = models.DateTimeField(null=True, blank=True)
    mail_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recipient", "kind", "occasion"], name="each_occasion_told_once"),
            models.CheckConstraint(
                condition=Q(mail_state="sent", mail_sent_at__isnull=False)
                | ~Q(mail_state="sent") & Q(mail_sent_at=None),
                name="sent_mail_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["recipient", "-created_at"], name="notifications_of_person"),
            models.Index(
                fields=["mail_due_at"], condition=Q(mail_state__in=["pending", "failing"]), name="mail_due"
            ),
            models.Index(fields=["request_id"], name="notifications_of_request"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"
