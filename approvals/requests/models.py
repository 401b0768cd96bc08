"""Requests for access: the draft, its people and images, its lanes, decisions and questions."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from grants.catalogue.models import Image
from grants.directory.models import Person, Project

REQUEST_STATUSES = [
    (s, s) for s in ("draft", "pending", "approved", "partly_approved", "denied", "withdrawn", "lapsed")
]
LANE_STATUSES = [(s, s) for s in ("waiting", "asked", "approved", "denied")]
VERDICTS = [(v, v) for v in ("approve", "deny", "ask")]
ROLES = [(r, r) for r in ("viewer", "developer", "admin")]
ENVIRONMENTS = [(e, e) for e in ("research", "production")]


class Request(models.Model):
    """One ask for a batch of people and images. Shown to people as REQ-<id>."""

    requester = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="requests")
    project = models.ForeignKey(
        Project, null=True, blank=True, on_delete=models.PROTECT, related_name="requests"
    )
    status = models.CharField(max_length=16, choices=REQUEST_STATUSES, default="draft")
    revision = models.PositiveIntegerField(default=1)
    role = models.CharField(max_length=12, choices=ROLES, default="viewer")
    environment = models.CharField(max_length=20, choices=ENVIRONMENTS, default="research")
    use_case = models.TextField(max_length=2000, blank=True)
    ticket = models.CharField(max_length=200, blank=True)
    starts = models.DateTimeField(null=True, blank=True)
    days = models.PositiveIntegerField(null=True, blank=True)
    ends = models.DateTimeField(null=True, blank=True)
    gpu_type = models.CharField(max_length=40, blank=True)
    gpu_hours_per_week = models.PositiveIntegerField(
        null=True, blank=True, help_text="hours per person per week"
    )
    facts = models.JSONField(null=True, blank=True, help_text="what policy saw when it was sent")
    results = models.JSONField(null=True, blank=True, help_text="what policy said when it was sent")
    rule_set_version = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    updated_by = models.CharField(max_length=200, help_text="the name of who changed it last")
    authors = models.ManyToManyField(
        Person, related_name="+", help_text="wrote part of it, so may not decide it"
    )
    submitted_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    last_nudged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "withdrawn", "lapsed"])
                | Q(
                    submitted_at__isnull=False, project__isnull=False, ends__isnull=False, facts__isnull=False
                ),
                name="sent_request_is_complete",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "pending"], decided_at=None)
                | (~Q(status__in=["draft", "pending"]) & Q(decided_at__isnull=False)),
                name="closed_request_has_time",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["status", "submitted_at"], name="request_queue")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """The number people say: REQ-1207."""
        return f"REQ-{self.pk}"

    @property
    def label(self) -> str:
        """The request as the ledger and a grant's origin write it: `request:12`."""
        return f"request:{self.pk}"


class RequestMember(models.Model):
    """One line of the people list: what was written, and whom it was found to mean."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="members")
    position = models.PositiveIntegerField()
    raw = models.CharField(max_length=400)
    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=30)
    left_out = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "position"], name="one_member_per_line"),
            models.UniqueConstraint(
                fields=["request", "person"],
                condition=Q(left_out=False, person__isnull=False),
                name="each_person_asked_once",
            ),
        ]

    def __str__(self) -> str:
        return self.raw


class RequestImage(models.Model):
    """One image asked for, with the tag named and the digest it had when the request was sent."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="images")
    image = models.ForeignKey(Image, on_delete=models.PROTECT, related_name="+")
    tag = models.CharField(max_length=128, blank=True)
    digest = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "image"], name="each_image_asked_once")
        ]

    def __str__(self) -> str:
        return f"{self.image}:{self.tag}"


class Lane(models.Model):
    """One group of approvers that must say yes. Lanes of a request run in parallel."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="lanes")
    name = models.CharField(max_length=40)
    status = models.CharField(max_length=10, choices=LANE_STATUSES, default="waiting")
    due_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["request", "name"], name="each_lane_once")]

    def __str__(self) -> str:
        return f"{self.request}: {self.name}"


class Decision(models.Model):
    """One approver's verdict on one lane, bound to the revision they saw."""

    lane = models.ForeignKey(Lane, on_delete=models.CASCADE, related_name="decisions")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="decisions")
    requester = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=VERDICTS)
    reason = models.TextField(max_length=2000, blank=True)
    revision = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(person=F("requester")), name="nobody_decides_for_themselves"),
            models.UniqueConstraint(
                fields=["lane", "revision"],
                condition=Q(verdict__in=["approve", "deny"]),
                name="one_verdict_per_lane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.person}"


class Message(models.Model):
    """A question asked by an approver, or the answer to it."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="messages")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    lane = models.CharField(max_length=40, blank=True)
    kind = models.CharField(max_length=10, choices=[("question", "question"), ("answer", "answer")])
    text = models.TextField(max_length=2000)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]
