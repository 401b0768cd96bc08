"""The people of a draft: add some, copy an earlier list, mend one line, leave out every faulty one."""

from collections.abc import Callable
from functools import partial
from typing import Any

from rest_framework.request import Request as Call
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.selectors import requests_visible_to
from approvals.requests.types import DraftChanges
from portal.api.base import Endpoint, acting, body, found, moment, viewer_of
from portal.api.request_views import shown
from portal.api.schema import example, operation
from portal.api.serializers.requests import (
    AddPeopleBody,
    CopyPeopleBody,
    RepairBody,
    RequestSerializer,
    RevisionBody,
)

REFUSED = (403, 404, 409, 422)
TWO_MORE = example("Two more people", {"members": ["bob@example.com", "10234"], "revision": 4}, request=True)
CORRECT = example("Correct an address", {"action": "edit", "value": "bob@example.com"}, request=True)
CHOOSE = example("Choose among namesakes", {"action": "choose", "value": "17"}, request=True)


class People(Endpoint):
    """The list of people."""

    @operation(
        "requests_people_add",
        "Add people",
        body=AddPeopleBody,
        answer=RequestSerializer,
        problems=(*REFUSED, 413),
        examples=[TWO_MORE],
    )
    def post(self, request: Call, pk: int) -> Response:
        """Append people to a draft's list; what was mended, chosen or left out stays as it is."""
        return _changed(request, pk, _add, AddPeopleBody)


class CopiedPeople(Endpoint):
    """The people of an earlier request."""

    @operation(
        "requests_people_copy",
        "Copy the people of an earlier request",
        body=CopyPeopleBody,
        answer=RequestSerializer,
        problems=REFUSED,
    )
    def post(self, request: Call, pk: int) -> Response:
        """Replace a draft's people by those of a request you may see, looked up anew."""
        return _changed(request, pk, services.copy_members, CopyPeopleBody)


class FaultyPeople(Endpoint):
    """The lines that need fixing."""

    @operation(
        "requests_people_leave_out",
        "Leave out faulty lines",
        body=RevisionBody,
        answer=RequestSerializer,
        problems=REFUSED,
    )
    def post(self, request: Call, pk: int) -> Response:
        """Leave out every line of a draft that needs fixing; they stay in it, to be mended later."""
        return _changed(request, pk, services.leave_out_faulty, RevisionBody)


class OneLine(Endpoint):
    """One line of the list."""

    @operation(
        "requests_people_repair",
        "Mend a line",
        body=RepairBody,
        answer=RequestSerializer,
        problems=REFUSED,
        examples=[CORRECT, CHOOSE],
    )
    def post(self, request: Call, pk: int, line: int) -> Response:
        """Mend one line of a draft's list: correct it, choose among namesakes, leave it out or take it back."""
        return _changed(request, pk, partial(services.repair_line, position=line), RepairBody)


def _changed(call: Call, pk: int, act: Callable[..., Request], kind: type[Serializer[Any]]) -> Response:
    viewer, now = viewer_of(call), moment()
    row = found(requests_visible_to(viewer), pk=pk)
    given = {"revision": None} | body(call, kind)
    if "request" in given:
        given["source"] = found(requests_visible_to(viewer), pk=given.pop("request"))
    act(request=row, by=acting(call), now=now, **given)
    return Response(shown(pk, viewer, now))


def _add(*, members: list[str], **given: Any) -> Request:
    return services.add_people(changes=DraftChanges(people_lines=members), **given)
