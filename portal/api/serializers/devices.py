"""Sign-in of programs without a browser, in the words of RFC 8628."""

from typing import Any

from rest_framework import serializers

from grants.catalogue.models import Registry
from portal.api.strict import StrictSerializer

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


class DeviceBody(StrictSerializer):
    """Who begins a sign-in."""

    client_name = serializers.CharField(
        required=False, default="purser", max_length=100, help_text="Shown to the person who allows it."
    )
    client_id = serializers.CharField(required=False, max_length=100, help_text="Read and not needed.")
    scope = serializers.CharField(
        required=False, allow_blank=True, max_length=200, help_text="Read and not needed."
    )


class DeviceSerializer(serializers.Serializer[Any]):
    """A sign-in that began."""

    device_code = serializers.CharField(help_text="The program's secret.")
    user_code = serializers.CharField(help_text="What the person types, such as `BCDF-GHJK`.")
    verification_uri = serializers.URLField(help_text="Where they type it.")
    verification_uri_complete = serializers.URLField(help_text="The same with the code filled in.")
    expires_in = serializers.IntegerField(help_text="Seconds.")
    interval = serializers.IntegerField(help_text="Seconds between two questions.")


class DeviceTokenBody(StrictSerializer):
    """Which sign-in."""

    device_code = serializers.CharField(max_length=200)
    grant_type = serializers.ChoiceField(required=False, choices=[GRANT_TYPE])
    client_id = serializers.CharField(required=False, max_length=100, help_text="Read and not needed.")


class DeviceTokenSerializer(serializers.Serializer[Any]):
    """An API token with the scopes `read` and `write`. It is shown this once."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    id = serializers.IntegerField(help_text="For `DELETE /api/v1/tokens/{id}/`, which signs out.")


class RegistrySerializer(serializers.Serializer[Any]):
    """A registry."""

    key = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    host = serializers.CharField(help_text="What stands before the first slash of a reference.")
    pull_tokens = serializers.SerializerMethodField(
        help_text="Whether a pull token of Purser signs in there."
    )

    def get_pull_tokens(self, registry: Registry) -> bool:
        """Whether Purser is its token server."""
        return registry.kind == "distribution"
