"""Budgets of GPU costs: read, made, changed, removed; and unusual days with what they were."""

from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from audit.costs import selectors
from audit.costs.budgets import remove_budget, set_budget
from audit.costs.listing import budgets_in, running_on
from audit.costs.models import Budget
from audit.costs.planning import BudgetTerms
from audit.costs.types import CostScope, Period
from audit.costs.unusual import note_anomaly
from grants.directory.standing import Standing
from portal.api.base import Endpoint, acting, body, found, moment, query, rendered, viewer_of
from portal.api.costs import question
from portal.api.errors import NotAllowed
from portal.api.paging import listing
from portal.api.schema import operation, pages_of
from portal.api.serializers.cost_keeping import (
    AnomaliesSerializer,
    AnomalyNote,
    AnomalySerializer,
    BudgetBody,
    BudgetQuery,
    BudgetSerializer,
    OneBudgetSerializer,
)
from portal.api.serializers.costs import CostQuery
from portal.edges.cost_owners import owners
from portal.edges.cost_rights import lead_scope
from portal.edges.scopes import led_team_keys


class Budgets(Endpoint):
    """Budgets of teams and cost centres."""

    @operation(
        "costs_budgets_list",
        "List budgets",
        answer=pages_of(BudgetSerializer),
        query=BudgetQuery,
        problems=(403,),
    )
    def get(self, request: Call) -> Response:
        """List budgets: all for budget owners, auditors and administrators; leads see those of their teams."""
        asked = query(request, BudgetQuery)
        rows = _visible(viewer_of(request))
        named = {name: asked[name] for name in ("owner_kind", "owner") if asked[name]}
        rows = rows.filter(**named)
        rows = running_on(rows, timezone.localdate()) if asked["running"] else rows
        return listing(request, rows, _rendered, cursor=asked["cursor"], limit=asked["limit"])

    @operation(
        "costs_budgets_create",
        "Set a budget",
        body=BudgetBody,
        answer=BudgetSerializer,
        status=201,
        problems=(403, 409, 422),
    )
    def post(self, request: Call) -> Response:
        """Set a budget; for budget owners and administrators. Periods of one owner do not overlap."""
        _require_owner(viewer_of(request))
        made = _set(request, None, body(request, BudgetBody))
        return Response(_one(made.pk), status=201)


class OneBudget(Endpoint):
    """One budget."""

    @operation("costs_budgets_retrieve", "Read a budget", answer=OneBudgetSerializer, problems=(403, 404))
    def get(self, request: Call, pk: int) -> Response:
        """Read a budget with the spend of each complete day, its use and plan index (F12-F17)."""
        row = found(_visible(viewer_of(request)), pk=pk)
        view = selectors.budget_view(row, now=moment())
        parts = {name: getattr(view, name) for name in ("use", "left", "plan_index", "spent_by_day")}
        return Response(OneBudgetSerializer(_with(row, parts)).data)

    @operation(
        "costs_budgets_change",
        "Change a budget",
        body=BudgetBody,
        answer=BudgetSerializer,
        problems=(403, 404, 409, 422),
    )
    def patch(self, request: Call, pk: int) -> Response:
        """Change a budget; what is absent stays. For budget owners and administrators."""
        row = found(_visible(viewer_of(request)), pk=pk)
        _require_owner(viewer_of(request))
        given = body(request, BudgetBody, partial=True)
        kept = {
            "owner_kind": row.owner_kind,
            "owner": row.owner,
            "first_day": row.starts,
            "last_day": row.ends - timedelta(days=1),
            "amount": row.amount,
            "thresholds": row.thresholds,
            "note": row.note,
        }
        changed = _set(request, row, {**kept, **given})
        return Response(_one(changed.pk))

    @operation("costs_budgets_remove", "Remove a budget", answer=None, status=204, problems=(403, 404))
    def delete(self, request: Call, pk: int) -> Response:
        """Remove a budget; what was spent stays. For budget owners and administrators."""
        row = found(_visible(viewer_of(request)), pk=pk)
        _require_owner(viewer_of(request))
        remove_budget(budget=row, by=acting(request), now=moment())
        return Response(status=204)


class Anomalies(Endpoint):
    """Unusual days."""

    @operation(
        "costs_anomalies_list",
        "List unusual days",
        answer=AnomaliesSerializer,
        query=CostQuery,
        problems=(403,),
    )
    def get(self, request: Call) -> Response:
        """List the unusual days of a period, newest first, at most 100; leads see those of their teams."""
        asked = question(request, CostQuery)
        scope = _lead_scope(viewer_of(request))
        rows = selectors.anomalies_in(scope, asked.filters.period, teams=asked.filters.teams)
        return Response({"results": rendered(AnomalySerializer, rows)})


class AnomalyNotes(Endpoint):
    """What an unusual day was."""

    @operation(
        "costs_anomalies_note",
        "Say what an unusual day was",
        body=AnomalyNote,
        answer=AnomalySerializer,
        problems=(403, 404, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Note the reason of an unusual day; for leads of the team, budget owners and administrators."""
        viewer = viewer_of(request)
        scope = _lead_scope(viewer)
        seen = selectors.anomaly_of(scope, pk)
        if not (viewer.keeps_budgets or seen.team in led_team_keys(viewer)):
            raise NotAllowed("not_a_lead", _("Only leads of the team and budget owners can do this."))
        given = body(request, AnomalyNote)
        note_anomaly(pk=pk, note=given["note"], by=acting(request), now=moment())
        return Response(AnomalySerializer(selectors.anomaly_of(scope, pk)).data)


def _visible(viewer: Standing) -> "QuerySet[Budget]":
    scope = _lead_scope(viewer)
    return budgets_in() if scope.everything else budgets_in(teams=scope.teams)


def _lead_scope(viewer: Standing) -> CostScope:
    scope = lead_scope(viewer)
    if scope is None:
        raise NotAllowed(
            "not_a_lead", _("Only leads, budget owners, auditors and administrators can see this.")
        )
    return scope


def _require_owner(viewer: Standing) -> None:
    if not viewer.keeps_budgets:
        raise NotAllowed("not_a_budget_owner", _("Only budget owners and administrators can do this."))


def _set(request: Call, row: Budget | None, given: dict[str, Any]) -> Budget:
    period = _period(given.pop("first_day"), given.pop("last_day"))
    _check_owner(row, given["owner_kind"], given["owner"])
    terms = BudgetTerms(**given, period=period)
    return set_budget(terms=terms, budget=row, by=acting(request), now=moment())


def _period(first: date, last: date) -> Period:
    if last < first or last == date.max:
        raise serializers.ValidationError({"last_day": [_("The last day must not be before the first")]})
    return Period(first, last + timedelta(days=1))


def _check_owner(row: Budget | None, kind: str, owner: str) -> None:
    kept = row is not None and (row.owner_kind, row.owner) == (kind, owner)
    if not kept and not owners().knows(kind, owner):
        raise serializers.ValidationError({"owner": [_("There is no such team or cost centre.")]})


def _one(pk: int) -> Any:
    return _rendered([budgets_in().get(pk=pk)])[0]


def _rendered(rows: list[Budget]) -> list[Any]:
    return rendered(BudgetSerializer, [_with(row, {}) for row in rows])


def _with(row: Budget, more: dict[str, Any]) -> dict[str, Any]:
    names = ("pk", "owner_kind", "owner", "starts", "ends", "amount", "thresholds", "note")
    kept = {name: getattr(row, name) for name in names}
    return {**kept, "outlook": getattr(row, "outlook", None), **more}
