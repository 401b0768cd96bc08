"""The rows of a table of figures, written at once: a page of costs has thousands of cells."""

from html import escape

from django import template
from django.utils.safestring import SafeString

from portal.pages.costs.tables import Cell, Column, Line, Row, Table
from portal.pages.markup import mark_han

register = template.Library()
SPARK = (
    '<td class="spark-cell"><svg class="spark c-0" viewBox="0 0 100 24" preserveAspectRatio="none"'
    ' aria-hidden="true" focusable="false"><polyline points="{}" vector-effect="non-scaling-stroke">'
    "</polyline></svg></td>"
)


@register.simple_tag
def figure_rows(table: Table) -> SafeString:
    """Return the rows of the body of `table`; every text of them is escaped here."""
    columns = [heading.column for heading in table.headings]
    opened = [_opened(column) for column in columns]
    return SafeString("".join(_row(row, opened) for row in table.rows))


def _opened(column: Column) -> str:
    """How the cells of a column begin; empty for sparklines, which have no text."""
    if column.kind == "spark":
        return ""
    side = ' class="num"' if column.numeric else ""
    return f'<td{side} data-label="{escape(str(column.label))}"'


def _row(row: Row, opened: list[str]) -> str:
    mark = f' data-mark="{escape(row.line.mark)}"' if row.line.mark else ""
    cells = "".join(
        _cell(cell, start) if start else _spark(row.line)
        for cell, start in zip(row.cells, opened, strict=True)
    )
    return f"<tr{mark}>{_name(row.line)}{cells}</tr>"


def _name(line: Line) -> str:
    short = f' data-short="{escape(line.short)}"' if line.short else ""
    name = _text(line.name)
    if line.url:
        name = f'<a href="{escape(line.url)}">{name}</a>'
    note = f'<br><span class="small muted">{_text(line.note)}</span>' if line.note else ""
    return f'<th scope="row"{short}>{name}{note}</th>'


def _cell(cell: Cell, start: str) -> str:
    exact = f' data-v="{escape(cell.value)}"' if cell.value else ""
    return f"{start}{exact}>{_text(cell.text)}</td>"


def _spark(line: Line) -> str:
    points = line.points
    return SPARK.format(points) if points else '<td class="spark-cell"></td>'


def _text(said: object) -> str:
    """A text escaped, and marked where it is Chinese."""
    text = str(said)
    marked = text if text.isascii() else mark_han(text)
    return marked if isinstance(marked, SafeString) else escape(marked)
