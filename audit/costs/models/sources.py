"""Where usage comes from, which stretches of time have been read, and who brought them."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from audit.costs.records import Facts

FACTS = [(one.value, one.value) for one in Facts]
KINDS = [(name, name) for name in ("opencost", "prometheus", "google", "focus", "csv")]


class Source(models.Model):
    """A system that is asked on a schedule, or a name under which files are brought.

    `cursor` is the end of what has been read; `complete_through` the time up to which the source is believed
    to be whole. Secrets stand in `options` only as references (`env:NAME`, `file:/path`).
    """

    key = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=12, choices=KINDS)
    name = models.CharField(max_length=120)
    options = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    every_seconds = models.PositiveIntegerField(default=3600)
    cursor = models.DateTimeField(null=True, blank=True)
    complete_through = models.DateTimeField(null=True, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True, help_text="null: only files are brought")
    attempts = models.PositiveIntegerField(default=0)
    fence = models.PositiveBigIntegerField(default=0)
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)
    notes = models.JSONField(default=list)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["next_attempt_at"], name="sources_due", condition=Q(enabled=True))
        ]

    def __str__(self) -> str:
        return self.name


class ClusterClaim(models.Model):
    """Which source reports a cluster's facts of one kind: two would count every GPU twice."""

    cluster = models.CharField(max_length=80)
    facts = models.CharField(max_length=10, choices=FACTS)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="claims")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cluster", "facts"], name="one_source_per_cluster_and_facts")
        ]

    def __str__(self) -> str:
        return f"{self.facts} of {self.cluster} from {self.source_id}"


class Load(models.Model):
    """One bringing of data: a file or a pull. Its digest stands in the ledger."""

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="loads")
    at = models.DateTimeField()
    by = models.CharField(max_length=60)
    by_name = models.CharField(max_length=200, blank=True)
    file_name = models.CharField(max_length=200, blank=True)
    format_version = models.CharField(max_length=20, blank=True)
    digest = models.CharField(max_length=64)
    start = models.DateTimeField()
    end = models.DateTimeField()
    rows = models.PositiveIntegerField()
    changed_slices = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["source", "-at"], name="loads_of_source")]

    def __str__(self) -> str:
        return f"{self.file_name or self.source_id} at {self.at}"


class Slice(models.Model):
    """A stretch of time as one source last described it. Bringing it again replaces it whole.

    Slices are UTC days for files and whole hours for pulls; those of one source and kind never overlap.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT, related_name="slices")
    facts = models.CharField(max_length=10, choices=FACTS)
    start = models.DateTimeField()
    end = models.DateTimeField()
    digest = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    complete = models.BooleanField(default=True)
    load = models.ForeignKey(Load, on_delete=models.PROTECT, related_name="slices")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "facts", "start"], name="each_slice_once"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="slice_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.facts} {self.start}"


class HeldFile(models.Model):
    """A file that somebody brought and has not confirmed yet; gone after an hour, or once it is taken.

    It stands in the database because the process that shows what the file would do is not always the one
    that is told to take it. `by` (an actor's label) alone may take it.
    """

    key = models.CharField(max_length=43, unique=True)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    format = models.CharField(max_length=12)
    data = models.BinaryField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file")
    by = models.CharField(max_length=60)
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="held_files_by_time")]

    def __str__(self) -> str:
        return self.name
