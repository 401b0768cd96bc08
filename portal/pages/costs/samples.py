"""Made-up charts and a table of costs for the style guide: one of each kind, with Chinese names in them."""

import datetime as dt
from decimal import Decimal

from django.utils.translation import gettext as _

from portal.pages.costs.charts import LIMIT_COLOUR, OTHER_COLOUR, Chart, chart, start_line, with_limit
from portal.pages.costs.tables import Column, Line, Table, table
from portal.pages.costs.wording import money, share

FIRST = dt.date(2026, 11, 1)
DAYS = [FIRST + dt.timedelta(days=n) for n in range(14)]


def sample_charts() -> list[Chart]:
    """One chart of each kind of drawing."""
    return [_burn_down(), _stacked(), _held(), _bullets()]


def sample_table() -> Table:
    """A table that sorts, adds up and has sparklines."""
    columns = [
        Column("held", _("Held hours"), "hours", "f1"),
        Column("idle", _("Idle"), "money", "f3"),
        Column("share", _("Share"), "share"),
        Column("days", _("30 days"), "spark"),
    ]
    lines = [
        Line(name, {"held": Decimal(held), "idle": Decimal(idle), "share": Decimal(share)}, "?", spark=spark)
        for name, held, idle, share, spark in (
            ("反欺诈模型 v2", "1204.5", "812.333333", "0.61", [Decimal(n % 5) for n in range(30)]),
            ("Defect detection", "410.25", "95.333333", "0.22", [Decimal(30 - n) for n in range(30)]),
            ("Speech", "12.1", "0", "0.17", []),
        )
    ]
    title = _("Projects")
    return table(
        key="sample-projects",
        title=title,
        first=_("Project"),
        columns=columns,
        lines=lines,
        total={},
        unit="US$",
    )


def _burn_down() -> Chart:
    columns = [
        Column("left", _("Budget left"), draw="line"),
        Column("plan", _("On plan"), draw="plan", colour=OTHER_COLOUR),
        Column("low", _("Lowest expected"), draw="low"),
        Column("high", _("Highest expected"), draw="high"),
        Column("forecast", _("Forecast"), draw="dash"),
    ]
    lines = [
        start_line(day, _burnt(place), mark="dash" if place == 12 else "") for place, day in enumerate(DAYS)
    ]
    finding = _("At this pace the budget ends on 13 November.")
    return chart(
        key="sample-c1",
        title=_("Budget left"),
        finding=finding,
        first=_("Day"),
        columns=columns,
        lines=lines,
        unit="US$",
        stacked=False,
    )


def _burnt(place: int) -> dict[str, Decimal | None]:
    ahead = place >= 7
    left, spread = Decimal(8000 - 640 * place), Decimal(90 * max(place - 7, 0))
    return {
        "left": None if place > 7 else left,
        "plan": Decimal(8000 - 570 * place),
        "low": left - spread if ahead else None,
        "high": left + spread if ahead else None,
        "forecast": left if ahead else None,
    }


def _stacked() -> Chart:
    names = ["L40S", "H100", "A100", "L4", "T4", "B200"]
    columns = [Column(name, name, draw="bar", colour=str(place)) for place, name in enumerate(names)]
    columns.append(Column("other", _("Other"), draw="bar", colour=OTHER_COLOUR))
    lines = [
        start_line(
            day,
            {one.key: Decimal(40 + 13 * ((n + m) % 5)) for m, one in enumerate(columns)}
            | {"limit": Decimal(480)},
            url="?",
        )
        for n, day in enumerate(DAYS)
    ]
    return chart(
        key="sample-c2",
        title=_("Cost per day"),
        finding=_("Most on 4 November: US$ 479.00."),
        first=_("Day"),
        columns=with_limit(columns, Decimal(480)),
        lines=lines,
        unit="US$",
    )


def _held() -> Chart:
    columns = [
        Column("active", _("Held and active"), "hours", draw="bar"),
        Column("idle", _("Held but idle"), "hours", draw="idle"),
        Column("unknown", _("Not measured"), "hours", draw="dots", colour=OTHER_COLOUR),
    ]
    lines = [
        start_line(
            day, {"active": Decimal(60 + n), "idle": Decimal(20), "unknown": Decimal(5 if n > 9 else 0)}
        )
        for n, day in enumerate(DAYS)
    ]
    return chart(
        key="sample-c3",
        title=_("Held versus active"),
        finding=_("%(share)s idle, %(amount)s; most: %(cause)s.")
        % {
            "share": share(Decimal("0.23")),
            "amount": money(Decimal(4195), "USD"),
            "cause": _("project %(name)s") % {"name": "缺陷检测 v2"},
        },
        first=_("Day"),
        columns=columns,
        lines=lines,
        unit=_("GPU hours"),
    )


def _bullets() -> Chart:
    columns = [
        Column("spent", _("Spent"), draw="bar"),
        Column("forecast", _("Forecast"), draw="mark", colour="text"),
        Column("budget", _("Budget"), draw="budget", colour=LIMIT_COLOUR),
    ]
    rows = (("反欺诈", 5200, 8900, 8000), ("Speech", 1800, 3100, 4000), ("Defect detection", 700, 1500, 2500))
    lines = [
        Line(name, {"spent": Decimal(spent), "forecast": Decimal(expected), "budget": Decimal(budget)}, "?")
        for name, spent, expected, budget in rows
    ]
    return chart(
        key="sample-c5",
        title=_("Spent and expected against the budget"),
        finding=_("1 of 3 teams is expected to pass its budget."),
        first=_("Team"),
        columns=columns,
        lines=lines,
        unit="US$",
        flat=True,
        stacked=False,
    )
