"""How endpoints are told in the OpenAPI document: one decorator, with the problems each call may answer."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from portal.api.problems import MEDIA_TYPE

View = TypeVar("View", bound=Callable[..., Any])


class FaultSerializer(serializers.Serializer[Any]):
    """One field that cannot be kept."""

    field = serializers.CharField(
        help_text="Name of the field; empty for the whole. Places in lists count from 0."
    )
    code = serializers.CharField()
    detail = serializers.CharField()
    line = serializers.IntegerField(required=False, help_text="Line of an uploaded file.")
    value = serializers.CharField(required=False, help_text="What was written there.")


class PolicyCheckSerializer(serializers.Serializer[Any]):
    """What one rule of the policy said, with a sentence in the caller's language."""

    rule = serializers.CharField(
        help_text="duration people images scan restricted duplicate approvers separation moved"
    )
    result = serializers.CharField(help_text="passed warning needs_person blocked could_not_check")
    code = serializers.CharField()
    text = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457. `code` is stable and for programs; `detail` is a sentence in the caller's language."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FaultSerializer(many=True, required=False)  # type: ignore[assignment]  # RFC 9457 names it so
    checks = PolicyCheckSerializer(many=True, required=False)
    context = serializers.DictField(  # type: ignore[assignment]  # the framework's word for something else
        required=False, help_text="Facts about the refusal, e.g. the present revision."
    )
    line = serializers.IntegerField(required=False)
    column = serializers.IntegerField(required=False)
    reference = serializers.CharField(required=False)


PROBLEMS = {
    400: "The call cannot be read: not JSON, an unknown field, a wrong type.",
    401: "No token, or one that does not count.",
    403: "Not for this person to do; `code` says why.",
    404: "Not there, or not for this person to see.",
    409: "Somebody else was first, or it was changed meanwhile.",
    413: "The body is too large.",
    415: "A media type that is not read here.",
    422: "Understood, but not possible as asked.",
    429: "Too many calls; `Retry-After` says when to come back.",
}
ALWAYS = (400, 401, 429)


def operation(
    name: str,
    summary: str,
    *,
    answer: Any,
    status: int = 200,
    body: Any = None,
    query: type[serializers.Serializer[Any]] | None = None,
    problems: Sequence[int] = (),
    examples: Sequence[OpenApiExample] = (),
) -> Callable[[View], View]:
    """Describe a call: its name, what it takes and answers, and the problems it may answer beside the usual ones.

    `answer` is a serializer, None, or what it answers by media type.
    """
    answers: dict[Any, Any] = {status: answer}
    if isinstance(answer, Mapping):
        answers = {(status, media_type): kind for media_type, kind in answer.items()}
    for code in sorted({*ALWAYS, *problems}):
        answers[code, MEDIA_TYPE] = OpenApiResponse(ProblemSerializer, description=PROBLEMS[code])
    answers["default", MEDIA_TYPE] = OpenApiResponse(ProblemSerializer, description="Any other problem.")
    return extend_schema(
        operation_id=name,
        summary=summary,
        request=body,
        responses=answers,
        parameters=[query] if query else [],
        examples=list(examples),
        tags=[name.partition("_")[0]],
    )


def browser_only(view: View) -> View:
    """Say of a call that a session opens it and no token: `SignedInBrowser` keeps it so."""
    return extend_schema(auth=[{"session": []}])(view)  # type: ignore[list-item]  # handed on as it is


@cache
def pages_of(kind: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """A page of such rows, as `{"results", "next"}`."""
    fields: Mapping[str, Any] = {
        "results": kind(many=True),
        "next": serializers.URLField(allow_null=True, help_text="The next page, or null on the last."),
    }
    return inline_serializer(f"{kind.__name__.removesuffix('Serializer')}Page", dict(fields))


def example(name: str, value: Any, *, request: bool = False, status: int = 200) -> OpenApiExample:
    """An example of a body (`request`) or of an answer with this status."""
    return OpenApiExample(
        name,
        value=value,
        request_only=request,
        response_only=not request,
        status_codes=[] if request else [str(status)],
    )
