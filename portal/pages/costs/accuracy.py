"""The table of a team's estimates: what requests planned beside what was used (F20 afterwards)."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from audit.costs import selectors
from audit.costs.planning import Outcome
from audit.costs.settings import cost_settings
from audit.costs.types import By
from portal.edges.cost_names import CostNames, cost_names
from portal.pages.costs.frame import Frame
from portal.pages.costs.tables import Column, Line, Table, table
from portal.pages.costs.wording import Unit, hours_of, ratio, sign_of

KEY = "accuracy"


def with_accuracy(context: dict[str, Any], frame: Frame) -> dict[str, Any]:
    """The context of a team's page with the table below the others; without one where nothing was estimated.

    It tells all requests of the team, whatever the filters: an estimate is of a whole request. At most five queries.
    """
    found = selectors.accuracy(frame.team)
    if not found.outcomes:
        return context
    title = _("Estimates of requests")
    if found.median is not None:
        told = {"ratio": ratio(found.median)}
        title = _("Estimates of requests: actual use was %(ratio)s of the estimate (median)") % told
    return {**context, "tables": [*context["tables"], _table(title, found.outcomes, frame)]}


def _table(title: str, outcomes: Sequence[Outcome], frame: Frame) -> Table:
    names = cost_names(
        {By.PROJECT: {one.project for one in outcomes}, By.GPU_TYPE: {one.gpu_type for one in outcomes}}
    )
    money = frame.unit is Unit.MONEY
    return table(
        key=KEY,
        title=title,
        first=_("Request"),
        columns=_columns(money=money),
        lines=[_line(one, names, frame) for one in outcomes],
        query=frame.query,
        unit=sign_of(cost_settings().currency) if money else "",
    )


def _columns(*, money: bool) -> list[Column]:
    amounts = [
        Column("amount", _("Estimate"), "money", "f20"),
        Column("cost", _("Actual cost"), "money", "f7"),
    ]
    return [
        Column("type", _("GPU type"), "text"),
        Column("hours", _("Planned hours"), "hours", "f20"),
        Column("held", _("Held hours"), "hours", "f1"),
        *(amounts if money else []),
        Column("ratio", _("Actual by estimate"), "ratio", "f20"),
        Column("state", _("State"), "text"),
    ]


def _line(one: Outcome, names: CostNames, frame: Frame) -> Line:
    kind, _colon, number = one.origin.partition(":")
    known = kind == "request" and number.isdigit()
    # Budget owners see the money of requests, not the requests.
    opens = known and (frame.viewer.sees_all or frame.viewer.is_lead)
    return Line(
        name=_("REQ-%(number)s") % {"number": number} if known else one.origin,
        note=names.of(By.PROJECT, one.project),
        url=reverse("request-detail", args=[number]) if opens else "",
        values={
            "type": names.of(By.GPU_TYPE, one.gpu_type),
            "hours": one.hours,
            "held": hours_of(one.actual.held_ms),
            "amount": one.amount,
            "cost": one.actual.cost,
            "ratio": one.ratio,
            "state": _("Over") if one.over else _("Running"),
        },
    )
