"""Registries and what is in them: images, versions by digest, tags that move, scans that age."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from grants.directory.models import Team


class Registry(models.Model):
    """A registry. `host` is what stands before the first slash of a reference.

    Of the kind `distribution`, Purser is its token server; of another kind (`harbor`, `google`) a connector keeps
    entries of access there, and `options` say what it needs to know: no secret, only references to them.
    """

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=30, default="distribution")
    options = models.JSONField(default=dict, blank=True)
    host = models.CharField(max_length=255, unique=True)
    api_url = models.URLField(max_length=300)
    service = models.CharField(max_length=120, unique=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    sync_error = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.name

    @property
    def plain_http(self) -> bool:
        """Whether clients must be told to speak HTTP without TLS."""
        return self.api_url.startswith("http://")


class Cluster(models.Model):
    """A Kubernetes cluster in which every project with a namespace gets its tenant.

    `issuer` and `audience`: whose service-account tokens are accepted as pull credentials, and for whom they must
    be made; empty: none are. `options` hold no secret, only references to them.
    """

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=30, default="kubernetes")
    options = models.JSONField(default=dict, blank=True)
    issuer = models.CharField(max_length=300, blank=True)
    audience = models.CharField(max_length=200, blank=True)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class Image(models.Model):
    """A repository of a registry, and what people decided about it."""

    registry = models.ForeignKey(Registry, on_delete=models.PROTECT, related_name="images")
    repository = models.CharField(max_length=255)
    title = models.CharField(max_length=160, blank=True)
    purpose = models.CharField(max_length=500, blank=True)
    owner = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="images")
    contact = models.CharField(max_length=254, blank=True)
    restricted = models.BooleanField(default=False)
    restricted_reason = models.CharField(max_length=500, blank=True)
    blocked = models.BooleanField(default=False)
    blocked_reason = models.CharField(max_length=500, blank=True)
    present = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["registry", "repository"], name="one_image_per_repository"),
            models.CheckConstraint(
                condition=Q(blocked=False) | ~Q(blocked_reason=""), name="blocked_image_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.repository

    @property
    def reference(self) -> str:
        """`host/repository`, as clients write it."""
        return f"{self.registry.host}/{self.repository}"


class Version(models.Model):
    """What a digest holds. A version never changes; tags move between versions."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="versions")
    digest = models.CharField(max_length=80)
    media_type = models.CharField(max_length=120)
    size = models.BigIntegerField(default=0, help_text="bytes: configuration and layers, of all platforms")
    architectures = models.JSONField(default=list)
    labels = models.JSONField(default=dict)
    built_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "digest"], name="one_version_per_digest")
        ]

    def __str__(self) -> str:
        return self.digest


class Tag(models.Model):
    """A name that points to a version, as last read from the registry."""

    image = models.ForeignKey(Image, on_delete=models.CASCADE, related_name="tags")
    name = models.CharField(max_length=128)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="tags")
    moved_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["image", "name"], name="one_tag_per_name")]

    def __str__(self) -> str:
        return self.name


class Scan(models.Model):
    """One scanner's report on one version. The newest counts."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="scans")
    scanner = models.CharField(max_length=40, default="trivy")
    scanned_at = models.DateTimeField()
    critical = models.PositiveIntegerField(default=0)
    high = models.PositiveIntegerField(default=0)
    medium = models.PositiveIntegerField(default=0)
    low = models.PositiveIntegerField(default=0)
    unknown = models.PositiveIntegerField(default=0)
    findings = models.JSONField(default=list)
    supported = models.BooleanField(default=True)
    uploaded_by = models.CharField(max_length=200)
    uploaded_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["version", "-scanned_at"], name="newest_scan")]

    def __str__(self) -> str:
        return f"{self.scanner} {self.scanned_at:%Y-%m-%d}"

    @property
    def verdict(self) -> str:
        """`unsupported`, `critical`, `high` or `passed`: the worst thing the report says."""
        if not self.supported:
            return "unsupported"
        return "critical" if self.critical else "high" if self.high else "passed"
