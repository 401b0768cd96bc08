"""The pull log: what registries reported, who it was, and the batches that the ledger vouches for."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


class Pull(models.Model):
    """One thing a registry reported, exactly once. Dimensions are text: live data may go, the log stays.

    `counted` follows the counting rule (audit.pulls.counting); reports that are no pull are kept uncounted.
    """

    event_id = models.CharField(max_length=80)
    registry = models.CharField(max_length=40)
    at = models.DateTimeField(help_text="when the registry says it happened")
    received_at = models.DateTimeField()
    action = models.CharField(max_length=12)
    counted = models.BooleanField()
    repository = models.CharField(max_length=255)
    digest = models.CharField(max_length=80, blank=True)
    tag = models.CharField(max_length=128, blank=True)
    media_type = models.CharField(max_length=120, blank=True)
    method = models.CharField(max_length=10, blank=True)
    actor = models.CharField(max_length=255, blank=True, help_text="as the registry named it")
    token = models.CharField(max_length=40, blank=True, help_text="the token's id, when it is one of ours")
    person = models.CharField(
        max_length=400, blank=True, help_text="person:12, robot:3 or workload:main/fraud/trainer"
    )
    person_name = models.CharField(max_length=200, blank=True)
    project = models.CharField(max_length=60, blank=True)
    team = models.CharField(max_length=60, blank=True)
    grant = models.CharField(max_length=60, blank=True)
    address = models.CharField(max_length=100, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["registry", "event_id"], name="each_report_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["grant", "-id"], name="pulls_of_grant"),
            models.Index(fields=["person", "-id"], name="pulls_of_person"),
            models.Index(fields=["project", "-id"], name="pulls_of_project"),
            models.Index(fields=["repository", "-at"], name="pulls_of_repository"),
            models.Index(fields=["token"], name="pulls_of_token", condition=~Q(token="")),
            models.Index(fields=["actor", "repository", "at"], name="pulls_in_a_row"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.repository} by {self.person or self.actor}"

    @property
    def host(self) -> str:
        """Where it came from without the client's port, which says nothing: `10.0.0.9`, `::1`."""
        if self.address.startswith("["):
            return self.address[1:].partition("]")[0]
        return self.address.partition(":")[0] if self.address.count(":") == 1 else self.address


class PullBatch(models.Model):
    """A run of the log whose digest stands in the ledger. Batches follow each other without a gap."""

    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField(unique=True)
    count = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="batch_ends_after_it_starts")
        ]

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"
