"""Figures of GPU costs, narrowed as on the pages: sums, breakdowns, series, capacity, estimates."""

from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from audit.costs import selectors
from audit.costs.settings import cost_settings
from audit.costs.types import By, CostFilters, CostScope
from portal.api.base import Endpoint, moment, query, viewer_of
from portal.api.errors import NotAllowed
from portal.api.schema import operation
from portal.api.serializers.costs import (
    BreakdownQuery,
    BreakdownSerializer,
    CapacityQuery,
    CapacitySerializer,
    CostQuery,
    EstimateQuery,
    EstimateSerializer,
    ReconciliationSerializer,
    SeriesQuery,
    SeriesSerializer,
    StandingSerializer,
    TotalsSerializer,
)
from portal.edges.cost_filters import read_filters
from portal.edges.cost_scopes import cost_scope, named_scope

RECONCILED = ("known", "capacity", "overhead", "direct", "unattributed", "unused", "unallocated", "shared",
              "undistributed", "over", "uncovered", "difference")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks for what: the scope, the filters, and the checked parameters."""

    scope: CostScope
    filters: CostFilters
    given: dict[str, Any]

    def heading(self) -> dict[str, Any]:
        """What every answer begins with."""
        return {"period": self.filters.period, "currency": cost_settings().currency}


class Totals(Endpoint):
    """Everything added up."""

    @operation("costs_totals", "Read total costs", answer=TotalsSerializer, query=CostQuery)
    def get(self, request: Call) -> Response:
        """Read what is seen added up (F1-F3, F6-F10), beside the period before."""
        asked = question(request, CostQuery)
        found = selectors.overview(asked.scope, asked.filters)
        names = (
            "now",
            "before",
            "unused",
            "shared",
            "total",
            "total_before",
            "unattributed",
            "without_project",
        )
        return _answer(TotalsSerializer, asked, **{name: getattr(found, name) for name in names})


class Breakdown(Endpoint):
    """Costs by something."""

    @operation("costs_breakdown", "Break costs down", answer=BreakdownSerializer, query=BreakdownQuery)
    def get(self, request: Call) -> Response:
        """Break costs down by team, project, person, image and so on, most idle cost first."""
        asked = question(request, BreakdownQuery)
        by = By(asked.given["by"])
        lines = selectors.breakdown(asked.scope, asked.filters, by=by)
        return _answer(BreakdownSerializer, asked, by=by.value, lines=lines)


class SeriesOf(Endpoint):
    """Costs over time."""

    @operation("costs_series", "Read costs over time", answer=SeriesSerializer, query=SeriesQuery)
    def get(self, request: Call) -> Response:
        """Read hours of one day, or days, weeks or months, told apart by something or not."""
        asked = question(request, SeriesQuery)
        bucket = asked.given["bucket"]
        if bucket == "hour" and asked.filters.period.days != 1:
            raise serializers.ValidationError(
                {"bucket": [_("Hours are told of one day. Choose a period of one day.")]}
            )
        by = By(asked.given["by"]) if asked.given["by"] else None
        found = selectors.series(asked.scope, asked.filters, by=by, bucket=bucket, most=asked.given["most"])
        rows = [{"value": value, "sums": sums} for value, sums in found.rows.items()]
        starts = [one.isoformat() for one in found.starts]
        return _answer(SeriesSerializer, asked, bucket=bucket, starts=starts, rows=rows, others=found.others)


class Capacity(Endpoint):
    """What became of what was provisioned."""

    @operation(
        "costs_capacity", "Read capacity", answer=CapacitySerializer, query=CapacityQuery, problems=(403,)
    )
    def get(self, request: Call) -> Response:
        """Read what became of provisioned GPUs (F5), by type; for budget owners, auditors and administrators."""
        require_everything(request)
        asked = question(request, CapacityQuery)
        lines = selectors.capacity(asked.filters, bucket=asked.given["bucket"] or None)
        return _answer(CapacitySerializer, asked, lines=lines)


class Reconciled(Endpoint):
    """Whether the parts are the whole."""

    @operation(
        "costs_reconciliation",
        "Read the reconciliation",
        answer=ReconciliationSerializer,
        query=CostQuery,
        problems=(403,),
    )
    def get(self, request: Call) -> Response:
        """Read capacity cost against its parts; for budget owners, auditors and administrators."""
        require_everything(request)
        asked = question(request, CostQuery)
        found = selectors.reconciliation(asked.filters)
        parts = {name: getattr(found, name) for name in RECONCILED}
        return _answer(ReconciliationSerializer, asked, **parts)


class Standing(Endpoint):
    """How figures were made."""

    @operation("costs_standing", "Read how figures were made", answer=StandingSerializer, query=CostQuery)
    def get(self, request: Call) -> Response:
        """Read rate card version, methods, sources, complete through, and what is missing or restated."""
        asked = question(request, CostQuery)
        found = selectors.standing(asked.scope, asked.filters, moment())
        return Response(StandingSerializer(found).data)


class Estimates(Endpoint):
    """What planned use will cost."""

    @operation("costs_estimate", "Estimate planned use", answer=EstimateSerializer, query=EstimateQuery)
    def get(self, request: Call) -> Response:
        """Estimate what planned use will cost (F20), with each part of the formula."""
        given = query(request, EstimateQuery)
        day, gpu_type = given.pop("day", timezone.localdate()), given.pop("gpu")
        return Response(EstimateSerializer(selectors.estimate(**given, gpu_type=gpu_type, day=day)).data)


def question(request: Call, kind: type[CostQuery]) -> Question:
    """Read the parameters as the pages do. Raises ValidationError with every fault, unknown names included.

    Whoever names or tells apart people is answered about the people they may tell apart, and nobody else.
    """
    serializer = kind(data=request.query_params)
    serializer.is_valid(raise_exception=True)
    given: dict[str, Any] = serializer.validated_data
    asked = read_filters(request.query_params, today=timezone.localdate())
    if asked.faults:
        raise serializers.ValidationError(
            {one.field: [serializers.ErrorDetail(str(one.message), code=one.code)] for one in asked.faults}
        )
    by_person = bool(asked.filters.persons) or given.get("by") == By.PERSON
    viewer = viewer_of(request)
    return Question(named_scope(viewer) if by_person else cost_scope(viewer), asked.filters, given)


def require_everything(request: Call) -> None:
    """Raise NotAllowed `not_a_budget_owner` for viewers who do not see every team's costs."""
    if not viewer_of(request).sees_costs:
        raise NotAllowed(
            "not_a_budget_owner", _("Only budget owners, auditors and administrators can see this.")
        )


def _answer(kind: type[serializers.Serializer[Any]], asked: Question, **parts: Any) -> Response:
    return Response(kind({**asked.heading(), **parts}).data)
