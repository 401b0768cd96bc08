"""Sign-in rows: the user of a session, API tokens, and devices that wait for one.

The person they stand for lives in the directory.
"""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from grants.directory.models import Person


class UserManager(BaseUserManager["User"]):
    """Finds users by their user name. Users are made by sign-in (portal.accounts.services), not here."""


class User(AbstractBaseUser):
    """A sign-in. Roles and rights are the person's, so this row holds none."""

    username = models.CharField(max_length=150, unique=True)
    email = models.EmailField(blank=True)
    person = models.OneToOneField(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="user"
    )
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar = []

    def __str__(self) -> str:
        return self.username

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Only an active person's sign-in is active; there is no second switch to forget."""
        return self.person is not None and self.person.active


class ApiToken(models.Model):
    """A token for scripts: random, stored as SHA-256, shown once, scoped and ending."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.BinaryField(max_length=32, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class DeviceSignIn(models.Model):
    """A program that waits to be allowed: `pending`, `allowed`, `denied`, `used`. Its codes are kept as SHA-256."""

    device_digest = models.BinaryField(max_length=32, unique=True)
    user_digest = models.BinaryField(max_length=32, unique=True)
    client = models.CharField(max_length=100, help_text="what the program calls itself")
    address = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=10, default="pending")
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.CASCADE, related_name="device_sign_ins"
    )
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    interval = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state="pending", person=None)
                | Q(state__in=["allowed", "denied", "used"], person__isnull=False),
                name="device_answered_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.client} ({self.state})"
