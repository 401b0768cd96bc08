"""Requests: list, write, send, read."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request as Call
from rest_framework.response import Response

from approvals.requests import services
from approvals.requests.models import Request
from approvals.requests.selectors import inbox_of, requests_visible_to, with_parts
from portal.api.base import Endpoint, acting, body, found, moment, query, viewer_of
from portal.api.drafting import change_request, create_request
from portal.api.errors import NotAllowed
from portal.api.paging import listing
from portal.api.request_examples import CREATED, NOT_SENDABLE, SENT
from portal.api.request_views import shown, summaries
from portal.api.schema import operation, pages_of
from portal.api.serializers.changes import TargetChangesSerializer
from portal.api.serializers.requests import (
    InboxQuery,
    RequestChange,
    RequestCreate,
    RequestQuery,
    RequestSerializer,
    RequestSummarySerializer,
    RevisionBody,
)
from portal.edges.outlook import outlook_of, people_of


class Requests(Endpoint):
    """The requests one may see, and new ones."""

    @operation(
        "requests_list", "List requests", answer=pages_of(RequestSummarySerializer), query=RequestQuery
    )
    def get(self, request: Call) -> Response:
        """List the requests you may see, newest first."""
        viewer, asked, now = viewer_of(request), query(request, RequestQuery), moment()
        rows = with_parts(requests_visible_to(viewer)).order_by("-pk")
        if asked.get("status"):
            rows = rows.filter(status=asked["status"])
        if asked.get("project"):
            rows = rows.filter(project__key=asked["project"])
        if asked["mine"]:
            rows = rows.filter(requester=viewer.person)
        return _listed(request, rows, asked, now)

    @operation(
        "requests_create",
        "Ask for access",
        body=RequestCreate,
        answer=RequestSerializer,
        status=201,
        problems=(403, 413, 422),
        examples=[SENT, CREATED, NOT_SENDABLE],
    )
    def post(self, request: Call) -> Response:
        """Write a request and, with `submit`, send it: all or nothing. Only leads of the project's team."""
        viewer, now = viewer_of(request), moment()
        made = create_request(viewer=viewer, given=body(request, RequestCreate), by=acting(request), now=now)
        return Response(shown(made.pk, viewer, now), status=201)


class OneRequest(Endpoint):
    """One request."""

    @operation("requests_retrieve", "Read a request", answer=RequestSerializer, problems=(404,))
    def get(self, request: Call, pk: int) -> Response:
        """Read one request with its checks, lanes, people and conversation."""
        return Response(shown(pk, viewer_of(request), moment()))

    @operation(
        "requests_update",
        "Change a request",
        body=RequestChange,
        answer=RequestSerializer,
        problems=(403, 404, 409, 413, 422),
    )
    def patch(self, request: Call, pk: int) -> Response:
        """Change a draft, or a sent request that is not decided; the revision goes up by one."""
        viewer, now = viewer_of(request), moment()
        row = found(requests_visible_to(viewer), pk=pk)
        change_request(
            request=row, viewer=viewer, given=body(request, RequestChange), by=acting(request), now=now
        )
        return Response(shown(pk, viewer, now))


class Changes(Endpoint):
    """What approving would change."""

    @operation(
        "requests_changes",
        "See what approving changes",
        answer=TargetChangesSerializer(many=True),
        problems=(404,),
    )
    def get(self, request: Call, pk: int) -> Response:
        """List every exact change at every system if the request were approved now; none once it is decided."""
        row = found(with_parts(requests_visible_to(viewer_of(request))), pk=pk)
        return Response(
            TargetChangesSerializer(outlook_of(row, people_of(row), now=moment()), many=True).data
        )


class Submit(Endpoint):
    """Sending a draft."""

    @operation(
        "requests_submit",
        "Send a draft",
        body=RevisionBody,
        answer=RequestSerializer,
        problems=(403, 404, 409, 422),
        examples=[NOT_SENDABLE],
    )
    def post(self, request: Call, pk: int) -> Response:
        """Judge the draft, freeze what was judged, and ask the lanes."""
        viewer, now = viewer_of(request), moment()
        row = found(requests_visible_to(viewer), pk=pk)
        given = body(request, RevisionBody)
        services.submit(request=row, revision=given.get("revision"), by=acting(request), now=now)
        return Response(shown(pk, viewer, now))


class Inbox(Endpoint):
    """What waits for an approver."""

    @operation(
        "inbox_list",
        "List what waits for you",
        answer=pages_of(RequestSummarySerializer),
        query=InboxQuery,
        problems=(403,),
    )
    def get(self, request: Call) -> Response:
        """List requests by when an answer is hoped for; for approvers, auditors and administrators."""
        viewer, asked, now = viewer_of(request), query(request, InboxQuery), moment()
        if not (viewer.is_approver or viewer.sees_all):
            raise NotAllowed("not_an_approver", _("Only approvers have a list of requests to decide."))
        return _listed(request, inbox_of(viewer, view=asked["view"]), asked, now)


def _listed(call: Call, rows: "QuerySet[Request]", asked: dict[str, Any], now: datetime) -> Response:
    return listing(
        call, rows, lambda page: summaries(page, now), cursor=asked["cursor"], limit=asked["limit"]
    )
