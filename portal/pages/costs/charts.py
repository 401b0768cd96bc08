"""Charts of costs: each is a table with a finding; the browser draws it from the cells (static/js/charts.js)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from portal.pages.costs.tables import Column, Line, Table, table
from portal.pages.costs.wording import Measure, hour_text, short_day
from portal.pages.markup import day_text

OTHER_COLOUR, LIMIT_COLOUR = "6", "limit"
SIZES = ((3, "rows-3"), (8, ""), (16, "rows-8"))


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of `data` and what it shows in one sentence. `flat`: bars lie; `most`: where the axis ends."""

    key: str
    title: str
    finding: str
    data: Table
    unit: str = ""
    flat: bool = False
    stacked: bool = True
    most: int | None = None
    size: str = ""
    tabs: Sequence[Mapping[str, Any]] = ()
    """Links to the same chart told apart by something else."""

    @property
    def legend(self) -> list[tuple[str, Column]]:
        """What is drawn, as named beside the chart; the two edges of a range are one."""
        drawn = [heading.column for heading in self.data.headings if heading.column.draw not in ("", "low")]
        return [(_("Range") if one.draw == "high" else str(one.label), one) for one in drawn]


def chart(
    *,
    key: str,
    title: str,
    finding: str,
    first: str,
    columns: Sequence[Column],
    lines: Sequence[Line],
    unit: str,
    **look: Any,
) -> Chart:
    """A chart of these lines, in the order given; `look`: flat, stacked, most, size."""
    data = table(
        key=key,
        title=title,
        first=first,
        columns=columns,
        lines=lines,
        total={} if any(column.adds_up for column in columns) else None,
        unit=unit,
    )
    if look.get("flat") and "size" not in look:
        look["size"] = next((size for most, size in SIZES if len(lines) <= most), "rows-16")
    return Chart(key=key, title=title, finding=finding, data=data, unit=unit, **look)


def start_line(start: date | datetime, values: Mapping[str, Any], url: str = "", mark: str = "") -> Line:
    """One bucket of time as a line: a day in full in the table, short on the axis."""
    if isinstance(start, datetime):
        return Line(hour_text(start), values, url=url, mark=mark)
    return Line(day_text(start), values, url=url, short=short_day(start), mark=mark)


def stacked_columns(
    values: Sequence[str], names: Mapping[str, str], colours: Mapping[str, str], measure: Measure, rest: str
) -> list[Column]:
    """A column for each value of a series, coloured by what it is, or by its place; `rest` gathers the others."""
    kind = "money" if measure.unit == "money" else "hours"
    taken = {colours[value] for value in values if value in colours}
    free = iter([str(n) for n in range(6) if str(n) not in taken])
    return [
        Column(
            f"v{place}",
            names.get(value) or value,
            kind,
            draw="bar",
            colour=OTHER_COLOUR if value == rest else colours.get(value) or next(free, OTHER_COLOUR),
        )
        for place, value in enumerate(values)
    ]


def with_limit(columns: Sequence[Column], limit: Decimal | None) -> list[Column]:
    """The columns, and a dashed line of the budget where there is one."""
    if limit is None:
        return list(columns)
    return [*columns, Column("limit", _("Budget per day"), draw="limit", colour=LIMIT_COLOUR)]
