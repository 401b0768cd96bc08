"""Parts that several resources share."""

from typing import Any

from rest_framework import serializers

from portal.api.paging import LARGEST_PAGE, PAGE_SIZE
from portal.api.strict import StrictSerializer

MOST = 2**31 - 1


class PageQuery(StrictSerializer):
    """Where a page begins and how long it is."""

    cursor = serializers.CharField(required=False, default="", max_length=600, help_text="From `next`.")
    limit = serializers.IntegerField(required=False, default=PAGE_SIZE, min_value=1, max_value=LARGEST_PAGE)


class Empty(StrictSerializer):
    """No fields at all; an empty object or no body."""


class ReasonBody(StrictSerializer):
    """Why somebody does something."""

    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class NoteBody(StrictSerializer):
    """A note that the members read."""

    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class PersonRef(serializers.Serializer[Any]):
    """A person, by the directory's id and the name people know."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()


class IdField(serializers.IntegerField):
    """The id of a row: a whole number that a row can have."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **kwargs)
