"""Steps of a request: decide, answer, withdraw, remind, start one like it."""

from rest_framework.request import Request as Call
from rest_framework.response import Response

from approvals.requests import services
from approvals.requests.selectors import requests_visible_to
from portal.api.base import Endpoint, acting, body, found, moment, viewer_of
from portal.api.request_examples import APPROVE, DECIDED, OWN, STALE
from portal.api.request_views import shown
from portal.api.schema import operation
from portal.api.serializers.common import Empty, ReasonBody
from portal.api.serializers.requests import AnswerBody, DecisionBody, RequestSerializer


class Decisions(Endpoint):
    """Verdicts on a request."""

    @operation(
        "requests_decide",
        "Decide in a lane",
        body=DecisionBody,
        answer=RequestSerializer,
        problems=(403, 404, 409, 422),
        examples=[APPROVE, DECIDED, OWN, STALE],
    )
    def post(self, request: Call, pk: int) -> Response:
        """Approve, deny or ask in one lane, for the revision you saw. The last approval gives the access."""
        viewer, now = viewer_of(request), moment()
        row = found(requests_visible_to(viewer), pk=pk)
        given = body(request, DecisionBody)
        services.decide(request=row, decider=viewer.person, by=acting(request), now=now, **given)
        return Response(shown(pk, viewer, now))


class Answer(Endpoint):
    """Answers to questions."""

    @operation(
        "requests_answer",
        "Answer a question",
        body=AnswerBody,
        answer=RequestSerializer,
        problems=(403, 404, 409, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Answer what an approver asked; every lane that asked waits again."""
        viewer, now = viewer_of(request), moment()
        row = found(requests_visible_to(viewer), pk=pk)
        given = body(request, AnswerBody)
        services.answer(request=row, text=given["text"], author=viewer.person, by=acting(request), now=now)
        return Response(shown(pk, viewer, now))


class Withdraw(Endpoint):
    """Taking a request back."""

    @operation(
        "requests_withdraw",
        "Withdraw a request",
        body=ReasonBody,
        answer=RequestSerializer,
        problems=(403, 404, 409),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Take back a draft or a request that is not decided."""
        viewer, now = viewer_of(request), moment()
        row = found(requests_visible_to(viewer), pk=pk)
        given = body(request, ReasonBody)
        services.withdraw(request=row, by=acting(request), now=now, reason=given["reason"])
        return Response(shown(pk, viewer, now))


class Nudge(Endpoint):
    """Reminding the approvers."""

    @operation(
        "requests_nudge",
        "Remind the approvers",
        body=Empty,
        answer=RequestSerializer,
        problems=(403, 404, 409),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Remind the approvers, at most once in 24 hours."""
        viewer, now = viewer_of(request), moment()
        row = found(requests_visible_to(viewer), pk=pk)
        body(request, Empty)
        services.nudge(request=row, by=acting(request), now=now)
        return Response(shown(pk, viewer, now))


class Clone(Endpoint):
    """Starting a draft like another request."""

    @operation(
        "requests_clone",
        "Start one like it",
        body=Empty,
        answer=RequestSerializer,
        status=201,
        problems=(403, 404),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Start a draft of yours with the same answers, images and people, looked up anew."""
        viewer, now = viewer_of(request), moment()
        row = found(requests_visible_to(viewer), pk=pk)
        body(request, Empty)
        copy = services.clone(request=row, by=acting(request), now=now)
        return Response(shown(copy.pk, viewer, now), status=201)
