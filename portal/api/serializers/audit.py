"""Events and pulls: what happened, as the ledger and the pull log keep it."""

from typing import Any

from rest_framework import serializers

from portal.api.serializers.common import IdField, PageQuery
from portal.api.strict import StrictSerializer

TEXT = 600
WHO = "`person:12`, `robot:3` or `workload:<cluster>/<namespace>/<service account>`"


class EventFilterFields(StrictSerializer):
    """How events are narrowed; what is absent narrows nothing."""

    subject = serializers.CharField(required=False, default="", max_length=TEXT, help_text="e.g. `grant:12`")
    actor = serializers.CharField(required=False, default="", max_length=TEXT, help_text="e.g. `person:3`")
    kind = serializers.CharField(
        required=False, default="", max_length=TEXT, help_text="A kind, or a prefix at a dot: `grants.grant`"
    )
    person = serializers.CharField(required=False, default="", max_length=TEXT, help_text=WHO)
    project = serializers.CharField(required=False, default="", max_length=TEXT)
    team = serializers.CharField(required=False, default="", max_length=TEXT)
    image = serializers.CharField(required=False, default="", max_length=TEXT)
    text = serializers.CharField(required=False, default="", max_length=200)
    since = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Inclusive.")
    until = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Exclusive.")


class EventQuery(EventFilterFields, PageQuery):
    """Filters and page of a list of events."""


class ExportQuery(EventFilterFields):
    """Filters and format of a download."""

    format = serializers.ChoiceField(choices=["csv", "jsonl"], required=False, default="csv")


class EventSerializer(serializers.Serializer[Any]):
    """One thing that happened."""

    sequence = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    actor = serializers.CharField(help_text="`person:3`, `robot:8`, `system:expiry` or `operator:root`")
    actor_name = serializers.CharField()
    subject = serializers.CharField()
    project = serializers.CharField()
    team = serializers.CharField()
    person = serializers.CharField()
    image = serializers.CharField()
    detail = serializers.DictField()


class PullQuery(PageQuery):
    """How pulls are narrowed."""

    grant = IdField(required=False)
    person = serializers.RegexField(
        r"^(?:(?:(?:person|robot):)?\d{1,18}|workload:[a-z0-9-]{1,40}/[a-z0-9-]{1,63}/[a-z0-9.-]{1,253})\Z",
        required=False,
        help_text=f"`12`, {WHO}",
    )
    project = serializers.CharField(required=False, default="", max_length=60)


class PullSerializer(serializers.Serializer[Any]):
    """One pull that a registry reported."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    registry = serializers.CharField()
    repository = serializers.CharField()
    digest = serializers.CharField()
    tag = serializers.CharField()
    person = serializers.CharField(help_text=f"{WHO}; empty when it is not known.")
    person_name = serializers.CharField()
    project = serializers.CharField()
    team = serializers.CharField()
    grant = serializers.SerializerMethodField()
    address = serializers.CharField()
    user_agent = serializers.CharField()

    def get_grant(self, pull: Any) -> int | None:
        """The access that allowed it."""
        number = str(pull.grant).partition(":")[2]
        return int(number) if number.isdecimal() else None


class GapQuery(StrictSerializer):
    """How far back to look."""

    hours = serializers.IntegerField(required=False, default=24, min_value=1, max_value=720)


class GapSerializer(serializers.Serializer[Any]):
    """A token that allowed a pull nobody reported: it was not used, or the report was lost."""

    token = serializers.CharField()
    at = serializers.DateTimeField()
    principal = serializers.CharField(help_text=WHO)
    login = serializers.CharField()
    repositories = serializers.ListField(child=serializers.CharField())


class GapListSerializer(serializers.Serializer[Any]):
    """The gaps among the newest 2,000 tokens of that time, newest first."""

    results = GapSerializer(many=True)
    complete = serializers.BooleanField(
        help_text="`false` when there were more tokens than were looked at: there are at least these gaps."
    )
