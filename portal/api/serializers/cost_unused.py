"""Unused access: people with access and no use, and grants without any."""

from typing import Any

from rest_framework import serializers

from portal.api.serializers.common import PersonRef
from portal.api.serializers.costs import MoneyField
from portal.api.strict import StrictSerializer
from portal.edges.cost_unused import WINDOWS


class UnusedQuery(StrictSerializer):
    """Which team, and without use for how long."""

    team = serializers.CharField(max_length=60, help_text="Key of a team.")
    days = serializers.ChoiceField(choices=WINDOWS, default=WINDOWS[0], help_text="Days without use.")


class UnusedPersonSerializer(serializers.Serializer[Any]):
    """Somebody who neither pulled nor held a GPU under any of these grants' projects."""

    person = PersonRef()
    projects = serializers.ListField(child=serializers.CharField(), help_text="Keys of projects.")
    grants = serializers.ListField(child=serializers.IntegerField(), help_text="Ids of grants.")


class UnusedGrantSerializer(serializers.Serializer[Any]):
    """A grant under which nothing was pulled and nothing ran."""

    id = serializers.IntegerField(source="grant.pk")
    project = serializers.CharField(source="grant.project.key")
    starts = serializers.DateTimeField(source="grant.starts")
    ends = serializers.DateTimeField(source="grant.ends")
    people = serializers.IntegerField(help_text="How many people hold it.")
    promised = MoneyField(allow_null=True, help_text="What its request planned; null: nothing was planned.")


class UnusedSerializer(serializers.Serializer[Any]):
    """Unused access of one team."""

    team = serializers.CharField()
    days = serializers.IntegerField()
    people = UnusedPersonSerializer(many=True)
    grants = UnusedGrantSerializer(many=True)
