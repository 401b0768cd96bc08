"""The charts of one team, image or person: budget left (C1), cost over time (C2, C7), held against active (C3)."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate

from django.utils.translation import gettext as _

from audit.costs.series import Bucket
from audit.costs.types import REST, ZERO, BudgetView, By, Period, Series, Sums
from portal.edges.cost_names import CostNames
from portal.pages.costs.charts import OTHER_COLOUR, Chart, chart, stacked_columns, start_line, with_limit
from portal.pages.costs.frame import Frame
from portal.pages.costs.tables import Column, Line
from portal.pages.costs.wording import Measure, Unit, hours_of, money, part_of, share, short_day
from portal.pages.markup import day_text

MOST_DAYS = 92
"""Longer periods are drawn in weeks."""


def bucket_of(period: Period) -> Bucket:
    """How long a column of a chart is: an hour of one day, a day, or a week."""
    if period.days == 1:
        return "hour"
    return "day" if period.days <= MOST_DAYS else "week"


def burn_down(view: BudgetView, currency: str) -> Chart:
    """C1: what is left of the budget, by plan and as expected, with the range and the day it ends."""
    kinds = [
        ("left", _("Budget left"), "line", "0"),
        ("plan", _("On plan"), "plan", OTHER_COLOUR),
        ("low", _("At least left"), "low", "0"),
        ("high", _("At most left"), "high", "0"),
        ("expected", _("Expected"), "dash", "0"),
    ]
    columns = [Column(key, label, draw=draw, colour=colour) for key, label, draw, colour in kinds]
    return chart(
        key="c1",
        title=_("Budget left"),
        finding=_end_of(view, currency),
        first=_("Day"),
        columns=columns,
        lines=_burnt(view),
        unit=Measure(Unit.MONEY, currency).name,
        stacked=False,
    )


def _burnt(view: BudgetView) -> list[Line]:
    known = len(view.spent_by_day)
    spent = list(accumulate((*view.spent_by_day, *view.forecast.daily)))
    step = 1 if view.period.days <= MOST_DAYS else 7
    lines = []
    for place, day in enumerate(view.period.each()):
        mark = ("line" if place < known else "dash") if day == view.forecast.ends_on else ""
        if place % step == 0 or mark or place == view.period.days - 1:
            left = view.amount - spent[place] if place < len(spent) else None
            lines.append(start_line(day, _left_on(view, place, known, left), mark=mark))
    return lines


def _left_on(view: BudgetView, place: int, known: int, left: Decimal | None) -> dict[str, Decimal | None]:
    """One day: the expected line and its band begin where the known one ends, and the band widens evenly."""
    low, high = _spread(view)
    ahead = len(view.forecast.daily)
    begun = bool(ahead) and place >= known - 1 and left is not None
    wide = Decimal(place - known + 1) / ahead if begun else ZERO
    return {
        "left": left if place < known else None,
        "plan": view.amount * (1 - Decimal(place + 1) / view.period.days),
        "low": left - high * wide if begun and left is not None else None,
        "high": left + low * wide if begun and left is not None else None,
        "expected": left if begun else None,
    }


def _spread(view: BudgetView) -> tuple[Decimal, Decimal]:
    """How much less and how much more than expected may be spent by the end."""
    one = view.forecast
    if one.amount is None or one.low is None or one.high is None:
        return ZERO, ZERO
    return one.amount - one.low, one.high - one.amount


def _end_of(view: BudgetView, currency: str) -> str:
    ends, expected = view.forecast.ends_on, view.forecast.amount
    if ends and (ends - view.period.first).days < view.elapsed_days:
        return _("The budget of %(budget)s was spent on %(day)s.") % {
            "budget": money(view.amount, currency),
            "day": day_text(ends),
        }
    if expected is None:
        return _("%(spent)s of %(budget)s is spent. It is too early to say how the period ends.") % {
            "spent": money(view.forecast.spent, currency),
            "budget": money(view.amount, currency),
        }
    if ends:
        return _("At this pace the budget of %(budget)s ends on %(day)s.") % {
            "budget": money(view.amount, currency),
            "day": day_text(ends),
        }
    return _("At this pace %(left)s of %(budget)s is left at the end.") % {
        "left": money(view.amount - expected, currency),
        "budget": money(view.amount, currency),
    }


def over_time(
    frame: Frame, found: Series, by: By, names: CostNames, measure: Measure, limit: Decimal | None = None
) -> Chart:
    """C2 and C7: what each value cost (or held) over time, at most six and the others together."""
    values = list(found.rows)
    said = {value: _("Other") if value == REST else names.of(by, value) for value in values}
    colours = names.colours if by is By.GPU_TYPE else {}
    columns = stacked_columns(values, said, colours, measure, REST)
    amounts = [[measure.of(sums) for sums in found.rows[value]] for value in values]
    lines = [
        start_line(
            start,
            {f"v{n}": amounts[n][place] for n in range(len(values))} | {"limit": limit},
            url=frame.day_link(start)
            if type(start) is date and bucket_of(frame.filters.period) == "day"
            else "",
        )
        for place, start in enumerate(found.starts)
    ]
    return chart(
        key="c2",
        title=_("Cost over time") if measure.unit is Unit.MONEY else _("GPU hours over time"),
        finding=_most(
            found, [sum(column, ZERO) for column in zip(*amounts, strict=True)], said, amounts, measure
        ),
        first=_("Hour") if bucket_of(frame.filters.period) == "hour" else _("Day"),
        columns=with_limit(columns, limit),
        lines=lines,
        unit=measure.name,
    )


def _most(
    found: Series,
    sums: Sequence[Decimal],
    said: Mapping[str, str],
    amounts: Sequence[Sequence[Decimal]],
    measure: Measure,
) -> str:
    whole = sum(sums, ZERO)
    if not whole:
        return _("Nothing was held in this time.")
    top = max(range(len(sums)), key=lambda place: sums[place])
    named = [place for place, value in enumerate(found.rows) if value != REST]
    first = max(named, key=lambda place: sum(amounts[place], ZERO), default=None)
    line = start_line(found.starts[top], {})
    told = {"when": line.name, "amount": measure.said(sums[top])}
    if first is None:
        return _("Most on %(when)s: %(amount)s.") % told
    told["what"] = said[list(found.rows)[first]]
    told["share"] = share(part_of(sum(amounts[first], ZERO), whole))
    return _("Most on %(when)s: %(amount)s. %(what)s is %(share)s of it all.") % told


def held_against_active(frame: Frame, found: Series, measure: Measure, cause: str = "") -> Chart:
    """C3: what was held, in two parts: active, and idle with a hatch; what was not measured stands apart."""
    sums = [sum(column, Sums()) for column in zip(*found.rows.values(), strict=True)]
    kind = "money" if measure.unit is Unit.MONEY else "hours"
    columns = [
        Column("active", _("Held and active"), kind, draw="bar"),
        Column("idle", _("Held but idle"), kind, draw="idle"),
        Column("unknown", _("Not measured"), kind, draw="dots", colour=OTHER_COLOUR),
    ]
    starts = found.starts[: len(sums)]
    lines = [start_line(start, three_parts(one, measure)) for start, one in zip(starts, sums, strict=True)]
    return chart(
        key="c3",
        title=_("Held versus active"),
        finding=idle_said(sum(sums, Sums()), measure, cause),
        first=_("Hour") if bucket_of(frame.filters.period) == "hour" else _("Day"),
        columns=columns,
        lines=lines,
        unit=measure.name,
    )


def three_parts(sums: Sums, measure: Measure) -> dict[str, Decimal]:
    """Active, idle and not measured; they add up to what was held."""
    if measure.unit is Unit.MONEY:
        known = sums.measured_cost
        return {"active": known - sums.idle_cost, "idle": sums.idle_cost, "unknown": sums.cost - known}
    return {
        "active": hours_of(sums.active_ms),
        "idle": hours_of(sums.measured_ms - sums.active_ms),
        "unknown": hours_of(sums.held_ms - sums.measured_ms),
    }


def idle_said(sums: Sums, measure: Measure, cause: str = "") -> str:
    """How much of what was held was idle, and where most of it was."""
    if not sums.held_ms:
        return _("Nothing was held in this time.")
    if not sums.measured_ms:
        return _("Activity was not measured, so nothing can be said about idle time.")
    told = {
        "share": share(part_of(sums.measured_ms - sums.active_ms, sums.measured_ms)),
        "amount": measure.said(measure.idle(sums)),
        "cause": cause,
    }
    if not cause or sums.measured_ms == sums.active_ms:
        return _("%(share)s idle, %(amount)s.") % told
    return _("%(share)s idle, %(amount)s; most: %(cause)s.") % told


def budget_per_day(view: BudgetView | None, frame: Frame) -> Decimal | None:
    """The line of C2: the budget laid on its days evenly; only for the whole team, in money, and by days."""
    by_days = frame.unit is Unit.MONEY and bucket_of(frame.filters.period) == "day"
    if view is None or not by_days or frame.narrowed:
        return None
    return view.amount / view.period.days


def week_of(start: date, period: Period) -> str:
    """A week by its first and last day, cut at the period's end."""
    last = min(start + timedelta(days=6 - start.weekday()), period.after - timedelta(days=1))
    return f"{short_day(start)} – {short_day(last)}" if last > start else short_day(start)
