"""Access that was given, and how far each line of it is at its target."""

from typing import Any

from rest_framework import serializers

from grants.lifecycle.states import STATUSES
from portal.api.serializers.common import IdField, PageQuery, PersonRef
from portal.api.strict import StrictSerializer


class GrantQuery(PageQuery):
    """How the list of access is narrowed."""

    request = IdField(required=False, help_text="Id of the request it came of.")
    project = serializers.CharField(required=False, max_length=60)
    status = serializers.ChoiceField(choices=STATUSES, required=False)
    person = IdField(required=False, help_text="Id of somebody who holds it.")


class ExtendBody(StrictSerializer):
    """A later end."""

    ends = serializers.DateTimeField()


class RevokeBody(StrictSerializer):
    """Why access is taken away; the members read it."""

    note = serializers.CharField(max_length=500)


class DeliverySerializer(serializers.Serializer[Any]):
    """One person or image of the access at one target."""

    target = serializers.CharField(help_text="Key of the registry.")
    kind = serializers.CharField(help_text="member image")
    subject = serializers.CharField(source="key", help_text="`person:12`, `robot:3` or the repository.")
    status = serializers.CharField(help_text="wanted applied verified unwanted removed proven")
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)


class HolderSerializer(serializers.Serializer[Any]):
    """One person of the access; `removed_at` is set when only this person's part ended."""

    person = PersonRef()
    removed_at = serializers.DateTimeField(allow_null=True)
    removed_reason = serializers.CharField()


class GrantedImageSerializer(serializers.Serializer[Any]):
    """One image of the access, with the tag and digest the approvers looked at."""

    id = serializers.IntegerField(source="image_id")
    reference = serializers.CharField(source="image.reference")
    tag = serializers.CharField()
    digest = serializers.CharField()
    removed_at = serializers.DateTimeField(allow_null=True)
    removed_reason = serializers.CharField()


class GrantSerializer(serializers.Serializer[Any]):
    """One bundle of access: people, images, role and window."""

    id = serializers.IntegerField()
    status = serializers.CharField(help_text="scheduled provisioning active revoking ended failed")
    project = serializers.CharField(help_text="Key of the project.")
    team = serializers.CharField(help_text="Key of the team.")
    request = serializers.IntegerField(allow_null=True, help_text="The request it came of.")
    role = serializers.CharField()
    environment = serializers.CharField()
    starts = serializers.DateTimeField()
    ends = serializers.DateTimeField()
    end_reason = serializers.CharField(
        help_text="Empty while it lasts; expired project_done returned revoked member_left image_blocked …"
    )
    end_note = serializers.CharField()
    ending = serializers.CharField(
        help_text="A sentence where the project is done in Jira: when access ends because of it. Else empty."
    )
    activated_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    members = serializers.ListField(child=serializers.CharField(), help_text="Addresses of who holds it now.")
    images = serializers.ListField(
        child=serializers.CharField(), help_text="`host/repository:tag`, those it holds now."
    )
    people = HolderSerializer(many=True)
    bundle = GrantedImageSerializer(many=True)
    deliveries = DeliverySerializer(many=True)


class PullSecretBody(StrictSerializer):
    """Where one's own secret is wanted."""

    target = serializers.CharField(max_length=40, help_text="Key of a registry the access has images in.")


class PullSecretSerializer(serializers.Serializer[Any]):
    """What to sign in with there. The secret is shown this once."""

    target = serializers.CharField(source="registry.key")
    username = serializers.CharField()
    secret = serializers.CharField()
    expires = serializers.DateTimeField(allow_null=True)


class RetriedSerializer(serializers.Serializer[Any]):
    """How many failing lines are tried again now."""

    lines = serializers.IntegerField()
