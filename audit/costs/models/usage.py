"""Usage row by row, split at hours and at midnights of the reporting time zone, priced and attributed."""

from typing import ClassVar

from django.db import models

from audit.costs.models.sources import Slice


class Measures(models.Model):
    """What is added up. Hours are whole GPU milliseconds, so that fractions add up exactly; money has 6 places.

    `measured_ms` is the part of `held_ms` whose activity is known, `active_ms` the part of that in active
    windows, `busy_ms` its mean activity times its length, `unpriced_ms` the part of `held_ms` without a rate.
    """

    held_ms = models.BigIntegerField(default=0)
    measured_ms = models.BigIntegerField(default=0)
    active_ms = models.BigIntegerField(default=0)
    busy_ms = models.BigIntegerField(default=0)
    unpriced_ms = models.BigIntegerField(default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    idle_cost = models.DecimalField(max_digits=20, decimal_places=6, default=0)
    measured_cost = models.DecimalField(max_digits=20, decimal_places=6, default=0)

    class Meta:
        abstract = True


class UsageKey(models.Model):
    """One combination of what figures are grouped by; usage and totals name it by number.

    `matched_by` is the rule that attributed it: label, namespace, grant, or none.
    """

    hash = models.CharField(max_length=64, unique=True)
    team = models.CharField(max_length=60, blank=True)
    project = models.CharField(max_length=60, blank=True)
    person = models.CharField(max_length=100, blank=True, help_text="person:12, or the name a label gave")
    image = models.CharField(max_length=300, blank=True, help_text="host/repository:tag as it ran")
    repository = models.CharField(max_length=300, blank=True)
    digest = models.CharField(max_length=80, blank=True)
    gpu_type = models.CharField(max_length=60)
    cluster = models.CharField(max_length=80)
    pricing_class = models.CharField(max_length=20)
    reservation = models.CharField(max_length=80, blank=True)
    request = models.CharField(max_length=40, blank=True, help_text="request:42")
    grant = models.CharField(max_length=40, blank=True, help_text="grant:12")
    metric = models.CharField(max_length=60, blank=True, help_text="how activity was measured; empty: not")
    matched_by = models.CharField(max_length=12)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["team", "project"], name="keys_of_project"),
            models.Index(fields=["person"], name="keys_of_person"),
            models.Index(fields=["repository"], name="keys_of_repository"),
            models.Index(fields=["digest"], name="keys_of_digest"),
            models.Index(fields=["grant"], name="keys_of_grant"),
            models.Index(fields=["request"], name="keys_of_request"),
            models.Index(fields=["project"], name="keys_by_project"),
        ]

    def __str__(self) -> str:
        return f"{self.team}/{self.project} {self.gpu_type}"


class UsagePlace(models.Model):
    """Where something ran: what is looked at for one row but not added up over."""

    hash = models.CharField(max_length=64, unique=True)
    cluster = models.CharField(max_length=80)
    node = models.CharField(max_length=120, blank=True)
    namespace = models.CharField(max_length=120, blank=True)
    gpu = models.CharField(max_length=80, blank=True)
    workload = models.CharField(max_length=250, blank=True)
    container = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["cluster", "namespace", "workload"], name="places_of_workload")
        ]

    def __str__(self) -> str:
        return f"{self.cluster}/{self.namespace}/{self.workload}"


class Usage(Measures):
    """One workload's hold on GPUs within one hour and one day. The table is partitioned by month of `day`.

    `rate` is the price of a GPU hour that was applied, null when there was none.
    """

    pk = models.CompositePrimaryKey("day", "id")
    id = models.BigIntegerField(db_default=models.Func(models.Value("costs_usage_id"), function="nextval"))
    day = models.DateField(help_text="in the reporting time zone")
    start = models.DateTimeField()
    seconds = models.DecimalField(max_digits=8, decimal_places=3)
    slice = models.ForeignKey(Slice, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    key = models.ForeignKey(UsageKey, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    place = models.ForeignKey(UsagePlace, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    gpus = models.DecimalField(max_digits=12, decimal_places=6)
    rate = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    given_activity = models.DecimalField(
        max_digits=7, decimal_places=6, null=True, help_text="the mean that came with the record itself"
    )
    given_active_ms = models.BigIntegerField(null=True, help_text="wall clock, not times GPUs")
    base_id = models.BigIntegerField(
        null=True, help_text="the key as it was brought, where activity or a reservation changed it"
    )

    class Meta:
        db_table = "costs_usage"

    def __str__(self) -> str:
        return f"{self.gpus} GPUs from {self.start}"


class ActivityWindow(models.Model):
    """The mean activity of one GPU or one workload's share in ten minutes. Partitioned by month of `day`."""

    pk = models.CompositePrimaryKey("day", "id")
    id = models.BigIntegerField(db_default=models.Func(models.Value("costs_activity_id"), function="nextval"))
    day = models.DateField(help_text="in UTC")
    start = models.DateTimeField()
    slice = models.ForeignKey(Slice, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    place = models.ForeignKey(UsagePlace, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    activity = models.DecimalField(max_digits=7, decimal_places=6)
    metric = models.CharField(max_length=60)
    memory_used = models.BigIntegerField(null=True, help_text="MiB")

    class Meta:
        db_table = "costs_activitywindow"

    def __str__(self) -> str:
        return f"{self.activity} from {self.start}"


class Capacity(models.Model):
    """GPUs provisioned within one hour and one day, held or not."""

    day = models.DateField(help_text="in the reporting time zone")
    hour = models.DateTimeField()
    slice = models.ForeignKey(Slice, on_delete=models.CASCADE, related_name="+")
    cluster = models.CharField(max_length=80)
    gpu_type = models.CharField(max_length=60)
    pricing_class = models.CharField(max_length=20)
    provisioned_ms = models.BigIntegerField()
    rate = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    cost = models.DecimalField(max_digits=20, decimal_places=6, default=0)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["day", "hour"], name="capacity_by_day")]

    def __str__(self) -> str:
        return f"{self.cluster} {self.gpu_type} {self.hour}"


class Bill(models.Model):
    """A line of an invoice, to be compared with what the rate card says."""

    day = models.DateField()
    slice = models.ForeignKey(Slice, on_delete=models.CASCADE, related_name="+")
    cluster = models.CharField(max_length=80, blank=True)
    gpu_type = models.CharField(max_length=60, blank=True)
    sku = models.CharField(max_length=80, blank=True)
    description = models.CharField(max_length=300, blank=True)
    hours = models.DecimalField(max_digits=18, decimal_places=6)
    cost = models.DecimalField(max_digits=20, decimal_places=6)
    credits = models.DecimalField(max_digits=20, decimal_places=6)
    currency = models.CharField(max_length=3)
    invoice_month = models.CharField(max_length=6, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["day"], name="bills_by_day")]

    def __str__(self) -> str:
        return f"{self.sku} {self.day}"
