"""Pull credentials, and a row for every token that was issued or refused."""

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from grants.catalogue.models import Cluster
from grants.directory.models import Person, Project


class Credential(models.Model):
    """A secret that signs in to registries: a person's own, or a project's robot. Stored as SHA-256 only."""

    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="credentials"
    )
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.CASCADE, related_name="robots"
    )
    name = models.CharField(max_length=60, blank=True, help_text="a robot's name within its project")
    login = models.CharField(max_length=200, help_text="the user name that goes with the secret")
    digest = models.BinaryField(max_length=32, unique=True)
    prefix = models.CharField(max_length=12)
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=200)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(person__isnull=False, project=None) | Q(person=None, project__isnull=False),
                name="credential_of_person_or_project",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="credential_ends"),
            models.UniqueConstraint(
                fields=["project", "name"],
                condition=Q(project__isnull=False, revoked_at=None),
                name="one_live_robot_per_name",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.login} ({self.prefix}…)"

    @property
    def principal(self) -> str:
        """Who holds it, as logs write it: `person:12` or `robot:3`."""
        return f"person:{self.person_id}" if self.person_id else f"robot:{self.pk}"


class IssuedToken(models.Model):
    """One answer of the token service, committed before it was given. Ties later pulls to people and grants.

    `access` is a list of `{"repository", "actions", "grant"}`; `expires` is when the registry stops accepting
    the token, its leeway included.
    """

    jti = models.CharField(max_length=40)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, blank=True)
    login = models.CharField(max_length=200, blank=True)
    principal = models.CharField(max_length=400, blank=True)
    credential_id = models.BigIntegerField(null=True)
    service = models.CharField(max_length=120, blank=True)
    asked = models.TextField(blank=True)
    access = models.JSONField(default=list)
    expires = models.DateTimeField(null=True)
    address = models.CharField(max_length=100, blank=True)
    client = models.CharField(max_length=200, blank=True)

    class Meta:
        # Every token is a row: few indexes, and for what only grows with time those of whole ranges of pages.
        constraints: ClassVar = [models.UniqueConstraint(fields=["jti"], name="each_token_once")]
        indexes: ClassVar = [
            models.Index(fields=["principal", "-id"], name="tokens_of_principal"),
            BrinIndex(fields=["at"], name="tokens_by_time", pages_per_range=16),
            BrinIndex(fields=["expires"], name="tokens_outstanding", pages_per_range=16),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.login} {self.asked}"


class TokenBatch(models.Model):
    """A run of token rows, by time, whose digest stands in the ledger."""

    after = models.DateTimeField(unique=True)
    until = models.DateTimeField(unique=True)
    count = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gt=F("after")), name="token_batch_moves_on")
        ]

    def __str__(self) -> str:
        return f"{self.after} - {self.until}"


class ClusterKeys(models.Model):
    """A cluster's public keys as last read from `source`: they are kept while the cluster is down.

    `document` is a JSON Web Key Set; `error` says why the newest try failed.
    """

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="public_keys")
    source = models.CharField(max_length=700)
    document = models.JSONField(default=dict)
    tried_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"keys of {self.cluster}"
