"""The pull log, and the tokens that no pull was reported for."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from rest_framework.request import Request as Call
from rest_framework.response import Response

from audit.pulls.models import Pull
from audit.pulls.selectors import counted_pulls, pulls_in
from grants.tokens.selectors import gaps
from portal.api.base import Endpoint, moment, query, rendered, viewer_of
from portal.api.paging import listing
from portal.api.schema import operation, pages_of
from portal.api.serializers.audit import GapListSerializer, GapQuery, PullQuery, PullSerializer
from portal.edges.scopes import gap_scope, pull_scope


class Pulls(Endpoint):
    """Pulls, newest first."""

    @operation("pulls_list", "List pulls", answer=pages_of(PullSerializer), query=PullQuery)
    def get(self, request: Call) -> Response:
        """List pulls: your own, leads also their projects', auditors and administrators all."""
        asked = query(request, PullQuery)
        who = asked.get("person", "")
        rows = counted_pulls(
            pulls_in(pull_scope(viewer_of(request))),
            grant=f"grant:{asked['grant']}" if "grant" in asked else "",
            person=f"person:{who}" if who.isdecimal() else who,
            project=asked["project"],
        )
        return listing(request, rows, _shown, cursor=asked["cursor"], limit=asked["limit"])


class Gaps(Endpoint):
    """Tokens without a pull."""

    @operation("pulls_gaps", "List tokens without a pull", answer=GapListSerializer, query=GapQuery)
    def get(self, request: Call) -> Response:
        """List tokens older than two minutes that allowed a pull and were never reported as used."""
        now = moment()
        since = now - timedelta(hours=query(request, GapQuery)["hours"])
        found = gaps(since=since, now=now, scope=gap_scope(viewer_of(request)))
        return Response(GapListSerializer({"results": found.found, "complete": found.complete}).data)


def _shown(pulls: Sequence[Pull]) -> list[Any]:
    return rendered(PullSerializer, pulls)
