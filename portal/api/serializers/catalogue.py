"""Images, their tags and scans."""

from typing import Any

from rest_framework import serializers

from grants.catalogue.models import Tag
from portal.api.serializers.common import PageQuery, ReasonBody
from portal.api.strict import StrictSerializer


class ImageQuery(PageQuery):
    """How the list of images is narrowed."""

    q = serializers.CharField(
        required=False, default="", max_length=200, help_text="Name, purpose, tag or digest."
    )
    restricted = serializers.BooleanField(required=False, allow_null=True, default=None)
    blocked = serializers.BooleanField(required=False, allow_null=True, default=None)


class BlockBody(ReasonBody):
    """Why an image is blocked."""

    security = serializers.BooleanField(
        required=False,
        default=False,
        help_text="End all access at once, however much; the brake holds nothing.",
    )


class ScanQuery(StrictSerializer):
    """Which version a report is about, where the report does not say it."""

    digest = serializers.RegexField(r"^sha256:[0-9a-f]{64}$", required=False, default="")


class ScanSerializer(serializers.Serializer[Any]):
    """What a scanner found in one version."""

    verdict = serializers.CharField(help_text="passed high critical unsupported")
    scanned_at = serializers.DateTimeField()
    critical = serializers.IntegerField()
    high = serializers.IntegerField()
    medium = serializers.IntegerField()
    low = serializers.IntegerField()
    unknown = serializers.IntegerField()


class UploadedScanSerializer(ScanSerializer):
    """A report that was kept."""

    id = serializers.IntegerField()
    digest = serializers.CharField(source="version.digest")


class VersionSerializer(serializers.Serializer[Any]):
    """What a tag points to."""

    tag = serializers.CharField(source="name")
    digest = serializers.CharField(source="version.digest")
    media_type = serializers.CharField(source="version.media_type")
    size = serializers.IntegerField(source="version.size", help_text="Bytes of all platforms.")
    architectures = serializers.ListField(child=serializers.CharField(), source="version.architectures")
    labels = serializers.DictField(child=serializers.CharField(), source="version.labels")
    built_at = serializers.DateTimeField(source="version.built_at", allow_null=True)
    moved_at = serializers.DateTimeField()
    scan = serializers.SerializerMethodField()

    def get_scan(self, tag: Tag) -> ScanSerializer(allow_null=True):  # type: ignore[valid-type]
        """The newest scan of the version, or null."""
        newest = getattr(tag.version, "newest_scans", [])
        return ScanSerializer(newest[0]).data if newest else None


class ImageSerializer(serializers.Serializer[Any]):
    """A repository of a registry, with its tags, the newest first."""

    id = serializers.IntegerField()
    reference = serializers.CharField(help_text="`host/repository`")
    registry = serializers.CharField(source="registry.key")
    title = serializers.CharField()
    purpose = serializers.CharField()
    owner = serializers.SerializerMethodField()
    contact = serializers.CharField()
    restricted = serializers.BooleanField()
    restricted_reason = serializers.CharField()
    blocked = serializers.BooleanField()
    blocked_reason = serializers.CharField()
    present = serializers.BooleanField(help_text="Whether the registry still has it.")
    tags = serializers.SerializerMethodField()
    versions = VersionSerializer(many=True, source="newest_tags")

    def get_owner(self, image: Any) -> str | None:
        """Key of the team that looks after it."""
        return image.owner.key if image.owner else None

    def get_tags(self, image: Any) -> list[str]:
        """The names of the tags."""
        return [tag.name for tag in image.newest_tags]
