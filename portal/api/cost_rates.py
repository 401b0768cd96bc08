"""The rate card of GPU costs: read, previewed, published; its versions, and closed days that were restated."""

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request as Call
from rest_framework.response import Response

from audit.costs.listing import price_lines, restatements_in, revisions
from audit.costs.models import RateRevision, Restatement
from audit.costs.rates import RateChange, preview_rates, publish_rates, rate_version
from audit.costs.settings import cost_settings
from portal.api.base import (
    Endpoint,
    acting,
    body,
    moment,
    query,
    rendered,
    require_administrator,
    viewer_of,
)
from portal.api.paging import listing
from portal.api.schema import operation, pages_of
from portal.api.serializers.common import PageQuery
from portal.api.serializers.cost_rates import (
    PublishBody,
    RateCardSerializer,
    RatesBody,
    RatesEffectSerializer,
    RestatementQuery,
    RestatementSerializer,
    RevisionSerializer,
)
from portal.edges.cost_scopes import cost_scope


class Rates(Endpoint):
    """What a GPU hour costs."""

    @operation("costs_rates_read", "Read the rate card", answer=RateCardSerializer)
    def get(self, request: Call) -> Response:
        """Read every price with its days; for everybody who is signed in."""
        card = {"version": rate_version(), "currency": cost_settings().currency, "prices": price_lines()}
        return Response(RateCardSerializer(card).data)

    @operation(
        "costs_rates_publish",
        "Publish prices",
        body=PublishBody,
        answer=RevisionSerializer,
        status=201,
        problems=(403, 409, 422),
    )
    def post(self, request: Call) -> Response:
        """Publish a version of the rate card; what it changes of closed days is restated. For administrators."""
        require_administrator(viewer_of(request))
        given = body(request, PublishBody)
        made = publish_rates(
            changes=_changes(given),
            reason=given["reason"],
            expected_version=given["expected_version"],
            by=acting(request),
            now=moment(),
        )
        return Response(RevisionSerializer(revisions().get(pk=made.pk)).data, status=201)


class RatesPreview(Endpoint):
    """What prices would do."""

    @operation(
        "costs_rates_preview",
        "Preview prices",
        body=RatesBody,
        answer=RatesEffectSerializer,
        problems=(403, 422),
    )
    def post(self, request: Call) -> Response:
        """Say what publishing these prices would change, exactly; nothing is stored. For administrators."""
        require_administrator(viewer_of(request))
        effect = preview_rates(changes=_changes(body(request, RatesBody)), now=moment())
        return Response(RatesEffectSerializer(effect).data)


class Revisions(Endpoint):
    """Published versions."""

    @operation(
        "costs_rates_versions",
        "List versions of the rate card",
        answer=pages_of(RevisionSerializer),
        query=PageQuery,
    )
    def get(self, request: Call) -> Response:
        """List versions of the rate card with their reasons, newest first."""
        asked = query(request, PageQuery)
        return listing(request, revisions(), _versions, cursor=asked["cursor"], limit=asked["limit"])


class Restatements(Endpoint):
    """Closed days that changed."""

    @operation(
        "costs_restatements_list",
        "List restated days",
        answer=pages_of(RestatementSerializer),
        query=RestatementQuery,
    )
    def get(self, request: Call) -> Response:
        """List closed days whose figures changed afterwards, of the teams you see, newest change first."""
        asked = query(request, RestatementQuery)
        rows = restatements_in(cost_scope(viewer_of(request)))
        rows = rows.filter(day__gte=asked["since"]) if "since" in asked else rows
        rows = rows.filter(day__lte=asked["until"]) if "until" in asked else rows
        return listing(request, rows, _restated, cursor=asked["cursor"], limit=asked["limit"])


def _changes(given: dict[str, Any]) -> list[RateChange]:
    return [RateChange(**one) for one in given["changes"]]


def _versions(rows: Sequence[RateRevision]) -> list[Any]:
    return rendered(RevisionSerializer, rows)


def _restated(rows: Sequence[Restatement]) -> list[Any]:
    return rendered(RestatementSerializer, rows)
