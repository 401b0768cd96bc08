"""Teams, projects, people: who somebody is and what they may be asked to do."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from grants.directory.folding import fold
from grants.directory.roles import PROJECT_STATES, SOURCES, TEAM_ROLES, ProjectState, Source, TeamRole


class FoldedName(models.CharField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Keeps `name` in the form names are compared in, on every save and bulk_create."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Fold the name that is about to be written."""
        folded = fold(getattr(model_instance, "name", ""))[: self.max_length]
        setattr(model_instance, self.attname, folded)
        return folded


class Person(models.Model):
    """A human being known to the directory. Self-approval and duplicates compare persons, never strings."""

    user_name = models.CharField(max_length=150, unique=True)
    name = models.CharField(max_length=200)
    folded_name = FoldedName(max_length=200, db_index=True, editable=False)
    employee_number = models.CharField(max_length=50, null=True, blank=True, unique=True)
    active = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=200, blank=True)
    contractor = models.BooleanField(default=False)
    language = models.CharField(max_length=10, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(user_name=Lower("user_name")), name="person_user_name_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(active=True, disabled_at=None) | Q(active=False, disabled_at__isnull=False),
                name="person_disabled_has_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The person as the ledger writes them: `person:12`."""
        return f"person:{self.pk}"


class EmailAddress(models.Model):
    """An address that belongs to exactly one person, kept in lower case."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="addresses")
    address = models.CharField(max_length=254, unique=True)
    verified = models.BooleanField(default=True)
    primary = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(address=Lower("address")), name="address_lower_case"),
            models.UniqueConstraint(fields=["person"], condition=Q(primary=True), name="one_primary_address"),
        ]

    def __str__(self) -> str:
        return self.address


class Identity(models.Model):
    """A sign-in identity: the issuer's name and the subject it gave the person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="one_person_per_identity")
        ]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class Team(models.Model):
    """A team, who pays for it, and who is in it."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    cost_centre = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's place in a team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=TEAM_ROLES, default=TeamRole.MEMBER)
    source = models.CharField(max_length=10, choices=SOURCES, default=Source.CSV)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "person"], name="one_place_per_team")
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"


class RoleAssignment(models.Model):
    """A role across teams: `auditor`, `administrator`, `budget` or `approver:<lane>`."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=60)
    source = models.CharField(max_length=10, choices=SOURCES, default=Source.CSV)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["person", "role"], name="each_role_once")]
        indexes: ClassVar = [models.Index(fields=["role"], name="role_holders")]

    def __str__(self) -> str:
        return f"{self.person}: {self.role}"


class Project(models.Model):
    """What access is asked for. Its end in Jira ends the access."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=160)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="projects")
    state = models.CharField(max_length=10, choices=PROJECT_STATES, default=ProjectState.OPEN)
    jira_project = models.CharField(max_length=60, blank=True)
    jira_issue = models.CharField(max_length=60, blank=True)
    grace_hours = models.PositiveIntegerField(default=24)
    notice_days = models.PositiveIntegerField(default=1)
    max_hold_days = models.PositiveIntegerField(default=14)
    gpu_quota = models.PositiveIntegerField(default=0)
    namespace = models.CharField(max_length=63, blank=True)
    confidential = models.BooleanField(
        default=False, help_text="its workloads run only in a runtime class for confidential computing"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["namespace"],
                condition=Q(state="open") & ~Q(namespace=""),
                name="one_open_project_per_namespace",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["jira_issue"], name="project_by_jira_issue"),
            models.Index(fields=["namespace"], name="project_by_namespace", condition=~Q(namespace="")),
        ]

    def __str__(self) -> str:
        return self.name
