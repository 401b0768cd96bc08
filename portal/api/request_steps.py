"""Steps of a request: decide, answer, withdraw, remind, start one like it. One shape, told by a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import OpenApiExample
from rest_framework.request import Request as Call
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.selectors import requests_visible_to
from grants.directory.models import Person
from portal.api.base import Endpoint, acting, body, found, moment, viewer_of
from portal.api.request_examples import APPROVE, DECIDED, OWN, STALE
from portal.api.request_views import shown
from portal.api.schema import operation
from portal.api.serializers.common import Empty, ReasonBody
from portal.api.serializers.requests import AnswerBody, DecisionBody, RequestSerializer


@dataclass(frozen=True)
class Step:
    """One step: its name in the document, what it says there, what it takes, and the service that takes it.

    `act` gets the caller and, by name, the request, `by`, `now` and what the body says; the request it gives
    back is shown.
    """

    name: str
    summary: str
    says: str
    act: Callable[..., Request]
    takes: type[Serializer[Any]] = Empty
    problems: Sequence[int] = (403, 404, 409)
    status: int = 200
    examples: Sequence[OpenApiExample] = ()


def _decide(person: Person, **given: Any) -> Request:
    return services.decide(decider=person, **given)


def _answer(person: Person, **given: Any) -> Request:
    return services.answer(author=person, **given)


def _withdraw(_person: Person, **given: Any) -> Request:
    return services.withdraw(**given)


def _nudge(_person: Person, **given: Any) -> Request:
    return services.nudge(**given)


def _clone(_person: Person, **given: Any) -> Request:
    return services.clone(**given)


STEPS = (
    Step(
        "decide",
        "Decide in a lane",
        "Approve, deny or ask in one lane, for the revision you saw. The last approval gives the access.",
        _decide,
        takes=DecisionBody,
        problems=(403, 404, 409, 422),
        examples=[APPROVE, DECIDED, OWN, STALE],
    ),
    Step(
        "answer",
        "Answer a question",
        "Answer what an approver asked; every lane that asked waits again.",
        _answer,
        takes=AnswerBody,
        problems=(403, 404, 409, 422),
    ),
    Step(
        "withdraw",
        "Withdraw a request",
        "Take back a draft or a request that is not decided.",
        _withdraw,
        takes=ReasonBody,
    ),
    Step(
        "nudge",
        "Remind the approvers",
        "Remind the approvers, at most once in 24 hours.",
        _nudge,
    ),
    Step(
        "clone",
        "Start one like it",
        "Start a draft of yours with the same answers, images and people, looked up anew.",
        _clone,
        status=201,
    ),
)


def _endpoint(step: Step) -> type[Endpoint]:
    """The address of one step."""

    def post(self: Endpoint, request: Call, pk: int) -> Response:
        viewer, now = viewer_of(request), moment()
        row = found(requests_visible_to(viewer), pk=pk)
        given = body(request, step.takes)
        done = step.act(viewer.person, request=row, by=acting(request), now=now, **given)
        return Response(shown(done.pk, viewer, now), status=step.status)

    post.__doc__ = step.says
    described = operation(
        f"requests_{step.name}",
        step.summary,
        body=step.takes,
        answer=RequestSerializer,
        status=step.status,
        problems=step.problems,
        examples=step.examples,
    )(post)
    return type(
        step.name.title(), (Endpoint,), {"__module__": __name__, "__doc__": step.says, "post": described}
    )


ENDPOINTS = {step.name: _endpoint(step) for step in STEPS}
