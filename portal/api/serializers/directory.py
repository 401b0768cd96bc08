"""Teams, projects, people and imports."""

from typing import Any

from rest_framework import serializers

from grants.directory.roles import PROJECT_STATES
from portal.api.serializers.common import MOST, IdField, PageQuery, PersonRef
from portal.api.strict import StrictSerializer


class ProjectQuery(PageQuery):
    """How the list of projects is narrowed."""

    team = serializers.CharField(required=False, max_length=60, help_text="Key of the team.")
    state = serializers.ChoiceField(choices=PROJECT_STATES, required=False)
    q = serializers.CharField(required=False, default="", max_length=200)


class ProjectSerializer(serializers.Serializer[Any]):
    """A project: what access is asked for, and whose end ends it."""

    key = serializers.CharField()
    name = serializers.CharField()
    team = serializers.CharField(source="team.key", help_text="Key of the team.")
    team_name = serializers.CharField(source="team.name")
    state = serializers.CharField(help_text="open closed")
    jira_project = serializers.CharField()
    jira_issue = serializers.CharField()
    grace_hours = serializers.IntegerField(help_text="How long access outlives the end of the work in Jira.")
    notice_days = serializers.IntegerField(help_text="How long before the end people are told again.")
    max_hold_days = serializers.IntegerField(help_text="How long after the grace the end may be put on hold.")
    gpu_quota = serializers.IntegerField()
    namespace = serializers.CharField()
    requestable = serializers.BooleanField(help_text="Whether you may ask for access for it.")


class ProjectChange(StrictSerializer):
    """New settings of a project; what is absent stays as it is."""

    name = serializers.CharField(required=False, max_length=160)
    jira_project = serializers.CharField(required=False, max_length=60, allow_blank=True)
    jira_issue = serializers.CharField(required=False, max_length=60, allow_blank=True)
    grace_hours = serializers.IntegerField(required=False, min_value=0, max_value=MOST)
    notice_days = serializers.IntegerField(required=False, min_value=0, max_value=MOST)
    max_hold_days = serializers.IntegerField(required=False, min_value=0, max_value=MOST)
    gpu_quota = serializers.IntegerField(required=False, min_value=0, max_value=MOST)
    namespace = serializers.CharField(required=False, max_length=63, allow_blank=True)
    state = serializers.ChoiceField(choices=PROJECT_STATES, required=False)


class TeamSerializer(serializers.Serializer[Any]):
    """A team and who leads it."""

    key = serializers.CharField()
    name = serializers.CharField()
    cost_centre = serializers.CharField()
    leads = PersonRef(many=True)


class TeamQuery(PageQuery):
    """Where the list of teams begins."""


class PeopleQuery(PageQuery):
    """How the list of people is narrowed."""

    q = serializers.CharField(
        required=False, default="", max_length=200, help_text="Name, user name or address."
    )
    team = serializers.CharField(required=False, max_length=60, help_text="Key of a team.")
    active = serializers.BooleanField(required=False, allow_null=True, default=None)


class PlaceSerializer(serializers.Serializer[Any]):
    """A place in a team."""

    team = serializers.CharField(source="team.key")
    role = serializers.CharField(help_text="lead member")


class PersonSerializer(serializers.Serializer[Any]):
    """A person of the directory."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    user_name = serializers.CharField()
    email = serializers.SerializerMethodField()
    active = serializers.BooleanField()
    contractor = serializers.BooleanField()
    teams = PlaceSerializer(many=True, source="memberships")
    roles = serializers.SerializerMethodField()
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_reason = serializers.CharField()

    def get_email(self, person: Any) -> str | None:
        """The primary address, or null."""
        rows = sorted(person.addresses.all(), key=lambda row: (not row.primary, row.pk))
        return rows[0].address if rows else None

    def get_roles(self, person: Any) -> list[str]:
        """Roles across teams: auditor, administrator, approver:<lane>."""
        return sorted(row.role for row in person.roles.all())


class DisableBody(StrictSerializer):
    """Why somebody may do nothing from now on."""

    reason = serializers.CharField(max_length=200)


class ImportQuery(StrictSerializer):
    """Whether anything is changed."""

    dry_run = serializers.BooleanField(required=False, default=False, help_text="`1`: say what would happen.")
    filename = serializers.CharField(required=False, default="upload.csv", max_length=200)


class UploadBody(serializers.Serializer[Any]):
    """A form with the file."""

    file = serializers.FileField()


class FaultLineSerializer(serializers.Serializer[Any]):
    """One fault of a file."""

    field = serializers.CharField(help_text="The column; empty for the whole line.")
    line = serializers.IntegerField(help_text="1 is the header.")
    code = serializers.CharField()
    value = serializers.CharField()
    detail = serializers.CharField()


class ImportSerializer(serializers.Serializer[Any]):
    """What an import did, or with `dry_run` would do."""

    kind = serializers.CharField(help_text="people projects teams")
    rows = serializers.IntegerField()
    applied = serializers.BooleanField()
    created = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    disabled = serializers.IntegerField()
    held = serializers.IntegerField(help_text="People whose leaving waits at the brake.")
    ignored_columns = serializers.ListField(child=serializers.CharField())
    faults = FaultLineSerializer(many=True)


class RobotBody(StrictSerializer):
    """A robot of a project; the same name again replaces its secret."""

    name = serializers.CharField(max_length=40, help_text="Small letters, digits and hyphens.")
    days = serializers.IntegerField(
        required=False, default=90, min_value=1, max_value=MOST, help_text="1 to 90"
    )


class CredentialBody(StrictSerializer):
    """How long a pull token lasts."""

    hours = serializers.IntegerField(
        required=False, default=12, min_value=1, max_value=MOST, help_text="1 to 720"
    )


class CredentialQuery(PageQuery):
    """Whose credentials."""

    person = IdField(required=False)
    live = serializers.BooleanField(required=False, default=False, help_text="Only those that still work.")


class CredentialSerializer(serializers.Serializer[Any]):
    """A credential for registries, without its secret."""

    id = serializers.IntegerField()
    username = serializers.CharField(source="login")
    person = PersonRef(allow_null=True)
    project = serializers.SerializerMethodField()
    name = serializers.CharField(help_text="The robot's name; empty for a person's.")
    prefix = serializers.CharField(help_text="How the secret begins.")
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()
    expires = serializers.DateTimeField(source="expires_at")
    revoked_at = serializers.DateTimeField(allow_null=True)

    def get_project(self, credential: Any) -> str | None:
        """Key of the project of a robot."""
        return credential.project.key if credential.project else None


class NewCredentialSerializer(CredentialSerializer):
    """A new credential. The secret is shown this once."""

    secret = serializers.CharField()
