"""Tables of costs: columns that know their figure, rows that add up as shown, sorting, and the same as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _

from audit.costs.figures import rounded
from portal.pages.costs.wording import NONE, change, number, price, ratio, share, short_day
from portal.pages.requests.people import safe_cell

Value = Decimal | int | date | str | None
PLACES = {"money": 2, "hours": 1, "count": 0, "percent": 1}
"""Kinds whose column adds up, and how many places are shown."""
PARTS = ("", "bar", "idle", "dots")
"""What is drawn of columns that add up; lines do not."""
SAID = {"share": share, "ratio": ratio, "change": change, "price": price, "plain": price}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `kind` money, hours, count, price, share, change, ratio, day, text or spark.

    `figure` is the id of its definition, e.g. "f3". `draw` and `colour` make it a series of the chart that is
    drawn from the table.
    """

    key: str
    label: Any
    kind: str = "money"
    figure: str = ""
    draw: str = ""
    colour: str = "0"

    @property
    def adds_up(self) -> bool:
        """Whether its sum says something."""
        return self.kind in PLACES and self.kind != "percent" and self.draw in PARTS

    @property
    def numeric(self) -> bool:
        """Whether its values stand at the right."""
        return self.kind not in ("text", "spark")


@dataclass(frozen=True, slots=True)
class Line:
    """One row before it is shown: its name, where it leads, and the value of each column by key.

    `mark` names the kind of line on which a chart marks this row; `note` stands below the name.
    """

    name: str
    values: Mapping[str, Value]
    url: str = ""
    note: str = ""
    short: str = ""
    mark: str = ""
    spark: Sequence[Decimal] = ()

    @property
    def points(self) -> str:
        """The sparkline (chart C8) as points of a drawing 100 wide and 24 high; empty where nothing was spent."""
        most = max(self.spark, default=Decimal(0))
        if len(self.spark) < 2 or not most:
            return ""
        # A drawing, no figure: binary fractions are exact enough here, and hundreds of rows have one.
        step, high = 100 / (len(self.spark) - 1), 20 / float(most)
        pairs = enumerate(self.spark)
        return " ".join(
            f"{place * step:.1f},{22 - max(float(value), 0) * high:.1f}" for place, value in pairs
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as shown, and as a chart reads it."""

    column: Column
    text: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as shown."""

    line: Line
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Heading:
    """A column's heading: where it sorts to, and how it is sorted now."""

    column: Column
    url: str
    sort: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be shown. `unit` names the currency once; `total` adds up what is shown above it."""

    key: str
    title: str
    caption: str
    first: str
    headings: list[Heading]
    rows: list[Row]
    total: list[Cell] | None = None
    unit: str = ""
    csv_url: str = ""

    @property
    def wrap_id(self) -> str:
        """The id of the region that scrolls."""
        return f"{self.key}-table"


def table(
    *,
    key: str,
    title: str,
    first: str,
    columns: Sequence[Column],
    lines: Sequence[Line],
    query: QueryDict | None = None,
    total: Mapping[str, Value] | None = None,
    unit: str = "",
) -> Table:
    """Make a table; with `query` its headings sort by `?sort=key.column`, else it keeps the order given.

    `total` adds what does not add up by itself (shares and ratios); None: no line below.
    """
    ordered = _sorted(key, columns, lines, query)
    cells = {
        column.key: _texts(column, [line.values.get(column.key) for line in ordered]) for column in columns
    }
    rows = [
        Row(line, [Cell(column, *cells[column.key][place]) for column in columns])
        for place, line in enumerate(ordered)
    ]
    return Table(
        key=key,
        title=title,
        caption=_("Figures: %(title)s") % {"title": title},
        first=first,
        headings=[_heading(key, column, query) for column in columns],
        rows=rows,
        total=None if total is None else [Cell(column, _total(column, lines, total)) for column in columns],
        unit=unit,
        csv_url=_address(query, "csv", key) if query is not None else "",
    )


def as_csv(table: Table, name: str) -> HttpResponse:
    """The table as a file: exact values, the headings as shown, a mark of UTF-8 for spreadsheets."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    columns = [heading.column for heading in table.headings if heading.column.kind != "spark"]
    writer.writerow([table.first, *(str(column.label) for column in columns)])
    for row in table.rows:
        writer.writerow(
            [safe_cell(row.line.name), *(_exact(row.line.values.get(one.key)) for one in columns)]
        )
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}-{table.key}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def _exact(value: Value) -> str:
    if value is None:
        return ""
    return format(value, "f") if isinstance(value, Decimal) else safe_cell(str(value))


def _texts(column: Column, values: Sequence[Value]) -> list[tuple[str, str]]:
    """Each value as shown and as a chart reads it; a column that adds up is rounded as a whole."""
    if column.kind not in PLACES:
        return [(_text(column.kind, value), _machine(value)) for value in values]
    amounts = [Decimal(value) for value in values if isinstance(value, Decimal | int)]
    shown = iter(rounded(amounts, PLACES[column.kind]))
    exact = [next(shown) if isinstance(value, Decimal | int) else None for value in values]
    return [(NONE, "") if one is None else (number(one, PLACES[column.kind]), f"{one:f}") for one in exact]


def _text(kind: str, value: Value) -> str:
    if value is None or value == "":
        return NONE
    if isinstance(value, date):
        return short_day(value)
    if isinstance(value, Decimal):
        return SAID.get(kind, number)(value)
    return str(value)


def _machine(value: Value) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else ""


def _total(column: Column, lines: Sequence[Line], given: Mapping[str, Value]) -> str:
    if column.key in given:
        return _text(column.kind, given[column.key])
    if not column.adds_up:
        return ""
    values = [value for line in lines if isinstance(value := line.values.get(column.key), Decimal | int)]
    return number(sum(values, Decimal(0)), PLACES[column.kind]) if values else NONE


def _sorted(
    key: str, columns: Sequence[Column], lines: Sequence[Line], query: QueryDict | None
) -> Sequence[Line]:
    wanted, down = _sort_of(query)
    if wanted == f"{key}.name":
        return sorted(lines, key=lambda line: line.name, reverse=down)
    column = next((one for one in columns if wanted == f"{key}.{one.key}"), None)
    if column is None:
        return lines
    known = [line for line in lines if line.values.get(column.key) is not None]
    rest = [line for line in lines if line.values.get(column.key) is None]
    by: Any = column.key
    return [*sorted(known, key=lambda line: line.values[by], reverse=down), *rest]  # type: ignore[arg-type,return-value]


def _sort_of(query: QueryDict | None) -> tuple[str, bool]:
    text = query.get("sort", "") if query is not None else ""
    return text.lstrip("-"), text.startswith("-")


def _heading(key: str, column: Column, query: QueryDict | None) -> Heading:
    if query is None or column.kind == "spark":
        return Heading(column, "", "")
    wanted, down = _sort_of(query)
    mine = wanted == f"{key}.{column.key}"
    # Numbers are looked at from the largest on first.
    turned = "" if mine and down else "-"
    state = ("descending" if down else "ascending") if mine else "none"
    return Heading(column, _address(query, "sort", f"{turned}{key}.{column.key}") + f"#{key}", state)


def _address(query: QueryDict, name: str, value: str) -> str:
    changed = query.copy()
    changed.pop("csv", None)
    changed[name] = value
    return f"?{changed.urlencode()}"
