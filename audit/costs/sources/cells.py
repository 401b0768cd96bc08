"""One row of a CSV file, read cell by cell; whatever is wrong is noted and reading goes on. Pure."""

import json
from collections.abc import Callable
from typing import TypeVar

from audit.costs.sources import limits, values
from audit.costs.sources.faults import Faults

Value = TypeVar("Value")


class Cells:
    """The cells of one row, read one by one; whatever is wrong is noted and reading goes on."""

    def __init__(self, line: int, cells: dict[str, str], faults: Faults) -> None:
        self.line, self.cells, self.faults = line, cells, faults
        self._before = faults.count

    @property
    def clean(self) -> bool:
        """Whether nothing was wrong with this row so far."""
        return self.faults.count == self._before

    def wrong(self, column: str, code: str, **facts: object) -> None:
        """Note a fault of this row."""
        self.faults.add(self.line, column, code, **facts)

    def read(self, column: str, how: Callable[[str], Value]) -> Value | None:
        """A value that has to be there; None when it cannot be read."""
        try:
            return how(self.cells.get(column, ""))
        except values.Unreadable as error:
            self.wrong(column, error.code, **error.facts)
            return None

    def maybe(self, column: str, how: Callable[[str], Value]) -> Value | None:
        """A value that may be absent."""
        return self.read(column, how) if self.cells.get(column) else None

    def text(self, column: str, limit: int) -> str:
        """A text that may be empty."""
        if not self.cells.get(column):
            return ""
        return self.read(column, lambda cell: values.name(cell, limit)) or ""

    def chosen(self, column: str, choices: tuple[str, ...]) -> str:
        """One of some words; the first where the cell is empty."""
        word = self.cells.get(column, "").lower() or choices[0]
        if word not in choices:
            self.wrong(column, "bad_choice", choices=", ".join(choices), value=word)
        return word

    def pairs(self, column: str) -> dict[str, str]:
        """A JSON object of names and texts; a name without a value counts as `true` (FOCUS 1.2, Tags)."""
        cell = self.cells.get(column, "")
        if not cell:
            return {}
        try:
            found = json.loads(cell)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or len(found) > limits.MOST_LABELS:
            self.wrong(column, "bad_pairs", value=cell)
            return {}
        if any(isinstance(value, dict | list) for value in found.values()):
            self.wrong(column, "bad_pairs", value=cell)
        return {str(name): _word(value) for name, value in found.items()}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
