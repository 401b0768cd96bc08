"""What the brake holds back, and the end of a project's access."""

from typing import Any

from rest_framework import serializers

from grants.lifecycle.states import HOLD_STATES
from portal.api.serializers.common import MOST, PageQuery
from portal.api.strict import StrictSerializer


class BrakeQuery(PageQuery):
    """How the list is narrowed."""

    state = serializers.ChoiceField(choices=["", *dict(HOLD_STATES)], required=False, default="")


class BrakeSerializer(serializers.Serializer[Any]):
    """An ending of many grants that one trigger would cause, and what was decided."""

    id = serializers.IntegerField(source="pk")
    trigger = serializers.CharField(source="kind", help_text="jira closing image people")
    cause = serializers.CharField(source="subject", help_text="What set it off first.")
    triggered_by = serializers.CharField()
    state = serializers.CharField(help_text="held released refused")
    grants_counted = serializers.IntegerField()
    grants_live = serializers.IntegerField()
    share = serializers.IntegerField(help_text="Percent of the grants that were live.")
    since = serializers.DateTimeField()
    grown_at = serializers.DateTimeField(help_text="When the last ending was added.")
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_by = serializers.CharField()
    reason = serializers.CharField()
    grants = serializers.ListField(
        child=serializers.IntegerField(), help_text="Grants that releasing would touch now; at most 1,000."
    )


class DecideBody(StrictSerializer):
    """Why it is decided so."""

    reason = serializers.CharField(max_length=500)


class ReleaseBody(DecideBody):
    """Why the access ends, and what the administrator saw."""

    grants_counted = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MOST,
        help_text="As it was shown; another number answers 409 `changed`.",
    )


class HoldBody(StrictSerializer):
    """Until when access goes on though the project is done, and why."""

    until = serializers.DateTimeField()
    reason = serializers.CharField(max_length=500)


class EndPreviewSerializer(serializers.Serializer[Any]):
    """What would happen if the project were done now."""

    grants = serializers.IntegerField()
    people = serializers.IntegerField()
    ends_at = serializers.DateTimeField()
    braked = serializers.BooleanField(help_text="Whether an administrator would be asked first.")


class EndingSerializer(serializers.Serializer[Any]):
    """How the end of a project's access stands."""

    state = serializers.CharField(help_text="Empty, or running ended cancelled reopened braked kept.")
    sentence = serializers.CharField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="When access ends, while that is to come.")
    held_until = serializers.DateTimeField(allow_null=True)
    held_by = serializers.CharField()
    reason = serializers.CharField(help_text="Why it is on hold.")
    latest = serializers.DateTimeField(allow_null=True, help_text="The latest that a hold can reach.")
    preview = EndPreviewSerializer()
