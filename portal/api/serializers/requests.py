"""Requests in and out: the names are those of the contract for scripts (docs/api.md)."""

from typing import Any

from rest_framework import serializers

from approvals.requests.models import ENVIRONMENTS, REQUEST_STATUSES, ROLES, VERDICTS
from approvals.requests.repairs import REPAIRS
from portal.api.schema import PolicyCheckSerializer
from portal.api.serializers.common import MOST, IdField, PageQuery, PersonRef
from portal.api.strict import StrictSerializer

REVISION_HELP = "The revision you saw; another one meanwhile answers 409 `stale_revision`."


class RequestFields(StrictSerializer):
    """The answers of a request; what is absent stays as it is."""

    project = serializers.CharField(
        required=False, max_length=60, allow_null=True, help_text="Key of the project."
    )
    images = serializers.ListField(
        child=serializers.CharField(max_length=500),
        required=False,
        max_length=50,
        help_text="`host/repository:tag` or `host/repository@sha256:…`",
    )
    role = serializers.ChoiceField(choices=ROLES, required=False)
    members = serializers.ListField(
        child=serializers.CharField(max_length=400, allow_blank=True),
        required=False,
        max_length=500,
        help_text="Addresses, user names, employee numbers or names; replaces the whole list.",
    )
    use_case = serializers.CharField(required=False, max_length=2000, allow_blank=True)
    ticket = serializers.CharField(required=False, max_length=200, allow_blank=True)
    environment = serializers.ChoiceField(choices=ENVIRONMENTS, required=False)
    starts = serializers.DateTimeField(required=False, allow_null=True)
    days = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=3660)
    ends = serializers.DateTimeField(required=False, allow_null=True)
    gpu_type = serializers.CharField(required=False, max_length=40, allow_blank=True)
    gpu_hours_per_week = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=10_000
    )


class RequestCreate(RequestFields):
    """A new request; `submit` sends it at once, else it stays a draft. All or nothing."""

    submit = serializers.BooleanField(required=False, default=False)


class RequestChange(RequestFields):
    """Changes of a draft, or of a request that was sent and is not decided: then all lanes wait again."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=MOST, help_text=REVISION_HELP)


class RevisionBody(StrictSerializer):
    """Which revision is changed; without one, whatever is there now."""

    revision = serializers.IntegerField(required=False, min_value=1, max_value=MOST, help_text=REVISION_HELP)


class AddPeopleBody(RevisionBody):
    """People to append to a draft's list."""

    members = serializers.ListField(
        child=serializers.CharField(max_length=400, allow_blank=True),
        min_length=1,
        max_length=500,
        help_text="Addresses, user names, employee numbers or names; 500 lines in all.",
    )


class CopyPeopleBody(RevisionBody):
    """Whose people replace the list."""

    request = IdField(help_text="Id of an earlier request that you may see.")


class RepairBody(RevisionBody):
    """How a line is mended."""

    action = serializers.ChoiceField(
        choices=sorted(REPAIRS),
        help_text="`edit` and `use` replace what was written by `value`; `choose` takes the namesake whose id is "
        "`value`; `remove` leaves the line out; `keep` and `undo` take that back.",
    )
    value = serializers.CharField(
        required=False, default="", max_length=400, allow_blank=True, help_text="For `edit`, `use`, `choose`."
    )


class DecisionBody(StrictSerializer):
    """One verdict in one lane."""

    lane = serializers.CharField(max_length=40)
    verdict = serializers.ChoiceField(choices=VERDICTS)
    reason = serializers.CharField(
        required=False, default="", max_length=2000, allow_blank=True, help_text="Needed for deny and ask."
    )
    revision = serializers.IntegerField(min_value=1, max_value=MOST, help_text=REVISION_HELP)


class AnswerBody(StrictSerializer):
    """The answer to what an approver asked."""

    text = serializers.CharField(max_length=2000)


class RequestQuery(PageQuery):
    """How the list of requests is narrowed."""

    status = serializers.ChoiceField(choices=REQUEST_STATUSES, required=False)
    project = serializers.CharField(required=False, max_length=60)
    mine = serializers.BooleanField(required=False, default=False, help_text="Only those you wrote.")


class InboxQuery(PageQuery):
    """Which part of an approver's list."""

    view = serializers.ChoiceField(
        choices=["mine", "group", "asked", "decided", "all"], required=False, default="mine"
    )


class DecisionSerializer(serializers.Serializer[Any]):
    """What somebody decided in a lane."""

    by = PersonRef(source="person")
    verdict = serializers.CharField()
    reason = serializers.CharField()
    revision = serializers.IntegerField()
    at = serializers.DateTimeField()


class LaneSerializer(serializers.Serializer[Any]):
    """A group of approvers, and who of it may decide now."""

    name = serializers.CharField()
    status = serializers.CharField(help_text="not_asked waiting asked approved denied")
    eligible = PersonRef(many=True)
    due_at = serializers.DateTimeField()
    decisions = DecisionSerializer(many=True)


class CandidateSerializer(serializers.Serializer[Any]):
    """One of several people whom a line may mean; `hint` tells namesakes apart."""

    id = serializers.IntegerField(source="person_id")
    name = serializers.CharField()
    hint = serializers.CharField()


class PersonLineSerializer(serializers.Serializer[Any]):
    """One line of the people list: what was written, whom it means, and in a draft what helps to mend it."""

    line = serializers.IntegerField(source="row.position")
    written = serializers.CharField(source="row.raw")
    state = serializers.CharField(
        source="row.state", help_text="found already_has_access not_found ambiguous inactive repeated"
    )
    person = PersonRef(source="row.person", allow_null=True)
    left_out = serializers.BooleanField(source="row.left_out")
    suggestion = serializers.CharField(help_text="What may have been meant, for `use`; mostly empty.")
    candidates = CandidateSerializer(many=True, help_text="Namesakes, for `choose`; mostly none.")


class MessageSerializer(serializers.Serializer[Any]):
    """A question of an approver, or the answer to it."""

    kind = serializers.CharField()
    lane = serializers.CharField()
    by = PersonRef(source="author")
    text = serializers.CharField()
    at = serializers.DateTimeField()


class RequestSummarySerializer(serializers.Serializer[Any]):
    """A request as lists show it."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    status = serializers.CharField(help_text="draft pending approved partly_approved denied withdrawn lapsed")
    revision = serializers.IntegerField()
    project = serializers.CharField(allow_null=True, help_text="Key of the project.")
    team = serializers.CharField(allow_null=True, help_text="Key of the team.")
    requester = PersonRef()
    role = serializers.CharField()
    environment = serializers.CharField()
    use_case = serializers.CharField()
    ticket = serializers.CharField()
    images = serializers.ListField(child=serializers.CharField(), help_text="`host/repository:tag`")
    people_count = serializers.IntegerField()
    starts = serializers.DateTimeField(allow_null=True)
    days = serializers.IntegerField(allow_null=True)
    ends = serializers.DateTimeField(allow_null=True)
    gpu_type = serializers.CharField()
    gpu_hours_per_week = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    lanes = LaneSerializer(many=True)
    waiting = serializers.CharField(help_text="For whom it waits, as a sentence; empty when for nobody.")


class RequestSerializer(RequestSummarySerializer):
    """A request with its people, its checks, its conversation and what came of it."""

    members = serializers.ListField(child=serializers.CharField(), help_text="As `POST` takes them.")
    people = PersonLineSerializer(many=True)
    checks = PolicyCheckSerializer(many=True)
    missing = serializers.ListField(
        child=serializers.CharField(), help_text="Fields to fill before it can be sent."
    )
    messages = MessageSerializer(many=True)
    grant = serializers.IntegerField(allow_null=True, help_text="The access that came of it.")
