"""What differs at targets from what was granted, and what is decided about it."""

from typing import Any

from rest_framework import serializers

from grants.delivery.drift_states import DECISIONS, DRIFT_STATES, WHATS
from portal.api.serializers.common import PageQuery
from portal.api.strict import StrictSerializer


def _facts() -> serializers.ListField:
    fact = serializers.ListField(child=serializers.CharField(), min_length=2, max_length=2)
    return serializers.ListField(child=fact, allow_null=True, help_text="[name, value] pairs.")


class DriftQuery(PageQuery):
    """How the list of differences is narrowed."""

    target = serializers.CharField(required=False, max_length=40, help_text="Key of the registry or cluster.")
    kind = serializers.ChoiceField(choices=WHATS, required=False)
    state = serializers.ChoiceField(choices=DRIFT_STATES, required=False)


class DriftSerializer(serializers.Serializer[Any]):
    """One place of a target that differs. `wanted` and `seen` are facts, null for nothing there."""

    id = serializers.IntegerField(source="pk")
    target = serializers.CharField(help_text="Key of the registry or cluster.")
    kind = serializers.CharField(source="what", help_text="vanished changed leftover appeared")
    place = serializers.CharField(source="kind", help_text="member image group tenant …")
    key = serializers.CharField(
        help_text="`person:12`, the repository, or the target's own name of the place."
    )
    state = serializers.CharField(help_text="open repairing adopted ignored closed")
    wanted = _facts()
    seen = _facts()
    first_seen_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    came_back = serializers.IntegerField(help_text="How often it returned.")
    fought_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when it is not put right any more."
    )
    cause = serializers.CharField(help_text="Code of the likely cause, where somebody keeps undoing it.")
    held_at = serializers.DateTimeField(
        allow_null=True, help_text="Since when a removal waits for a release."
    )
    decision = serializers.CharField(help_text="revert adopt ignore, or empty")
    decided_by = serializers.CharField()
    decided_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    ignore_until = serializers.DateTimeField(allow_null=True)


class DriftDecisionBody(StrictSerializer):
    """A decision about a difference; `until` belongs to ignoring it."""

    decision = serializers.ChoiceField(choices=DECISIONS)
    reason = serializers.CharField(max_length=500)
    until = serializers.DateTimeField(required=False, allow_null=True, default=None)


class RemovalsBody(StrictSerializer):
    """Why removals that were held back may go on."""

    reason = serializers.CharField(max_length=500)


class AskedSerializer(serializers.Serializer[Any]):
    """A target that will be looked at as soon as a worker comes to it."""

    target = serializers.CharField()
    last_finished_at = serializers.DateTimeField(
        allow_null=True, help_text="When the last look came to an end."
    )


class ReleasedSerializer(serializers.Serializer[Any]):
    """How many removals go on."""

    released = serializers.IntegerField()
