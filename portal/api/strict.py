"""Input serializers that know every field they are given: what is unknown is refused by name, never ignored."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown and read-only fields (code `unknown_field`), beside the faults of the known ones."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The checked values. Raises ValidationError with every fault."""
        if not isinstance(data, Mapping):
            return dict(super().to_internal_value(data))
        known = {name for name, field in self.fields.items() if not field.read_only}
        faults: dict[str, Any] = {
            str(name)[:100]: [serializers.ErrorDetail(_("There is no such field."), code="unknown_field")]
            for name in data
            if name not in known
        }
        try:
            values = dict(super().to_internal_value(data))
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                faults |= error.detail
        if faults:
            raise serializers.ValidationError(faults)
        return values
