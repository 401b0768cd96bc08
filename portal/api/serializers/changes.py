"""What approving a request would change at each target, as the API shows it."""

from typing import Any

from rest_framework import serializers

from grants.delivery.outlook import Effect, Fact, Step

STEPS = [(step.value, step.value) for step in Step]


class FactSerializer(serializers.Serializer[Fact]):
    """One fact of an entry: what it is called and what it says."""

    name = serializers.CharField(help_text="The target's name for it, e.g. `pull`, `image`, `gpus`")
    value = serializers.CharField(help_text="What it says.")


class EffectSerializer(serializers.Serializer[Effect]):
    """One place at a target: a person, an image or something of the project."""

    step = serializers.ChoiceField(choices=STEPS)
    kind = serializers.CharField(
        help_text="`member`, `image`, or a kind of the target's own such as `tenant`"
    )
    key = serializers.CharField(help_text="`person:<id>`, the repository, or the target's own name")
    comes = FactSerializer(many=True, help_text="Facts that are not there now and would be.")
    goes = FactSerializer(many=True, help_text="Facts that are there now and would not be.")


class TargetChangesSerializer(serializers.Serializer[Any]):
    """One target: every change, and why it cannot hold the grant."""

    target = serializers.CharField(source="target.key")
    name = serializers.CharField(source="target.name")
    kind = serializers.CharField(source="target.kind")
    problems = serializers.ListField(child=serializers.CharField())
    warnings = serializers.ListField(child=serializers.CharField(), help_text="Beyond what was asked.")
    changes = EffectSerializer(source="effects", many=True)
