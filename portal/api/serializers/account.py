"""Who one is, what one was told, and one's API tokens."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from portal.accounts.tokens import MAX_DAYS, SCOPES
from portal.api.serializers.common import IdField, PageQuery
from portal.api.serializers.directory import PlaceSerializer
from portal.api.strict import StrictSerializer


class TokenBody(StrictSerializer):
    """A new API token."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=SCOPES), min_length=1, max_length=3)
    days = serializers.IntegerField(required=False, default=30, min_value=1, max_value=MAX_DAYS)


class TokenSerializer(serializers.Serializer[Any]):
    """An API token, without its secret."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    prefix = serializers.CharField(help_text="How the secret begins.")
    scopes = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()
    expires = serializers.DateTimeField(source="expires_at")
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class NewTokenSerializer(TokenSerializer):
    """A new API token. The secret is shown this once."""

    secret = serializers.CharField()


class NotificationQuery(PageQuery):
    """Which notifications."""

    unread = serializers.BooleanField(required=False, default=False, help_text="Only those not read yet.")


class ReadBody(StrictSerializer):
    """Which notifications were read; all when absent."""

    ids = serializers.ListField(child=IdField(), required=False, max_length=500)


class NotificationSerializer(serializers.Serializer[Any]):
    """Something you should know, in your language."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    url = serializers.CharField()
    request = serializers.IntegerField(allow_null=True, source="request_id")
    grant = serializers.IntegerField(allow_null=True, source="grant_id")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class ReadSerializer(serializers.Serializer[Any]):
    """How many were marked as read now."""

    read = serializers.IntegerField()


class MeBody(StrictSerializer):
    """One's own settings."""

    language = serializers.ChoiceField(
        choices=["", *dict(settings.LANGUAGES)], help_text="Empty follows the browser."
    )


class ReachSerializer(serializers.Serializer[Any]):
    """The token of this call, and what it reaches."""

    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires = serializers.DateTimeField(source="expires_at")


class MeSerializer(serializers.Serializer[Any]):
    """Who you are to Purser, as far as the token of this call reaches."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    user_name = serializers.CharField()
    email = serializers.CharField(allow_null=True)
    language = serializers.CharField()
    teams = PlaceSerializer(many=True)
    roles = serializers.ListField(child=serializers.CharField())
    lanes = serializers.ListField(child=serializers.CharField(), help_text="Lanes you decide in.")
    token = ReachSerializer(allow_null=True)
