"""The people of a file: lines about one person become one entry; what contradicts is a fault. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from grants.directory.rows import PersonRow, Row, person_row

SAID_ONCE = ("user_name", "name", "employee_number", "contractor", "active")
"""Columns in which all lines about a person must agree; an empty cell agrees with anything."""


@dataclass
class Entry:
    """All lines about one person; `sources`, beside `rows`, are where their faults are noted."""

    sources: list[Row] = field(default_factory=list)
    rows: list[PersonRow] = field(default_factory=list)

    @property
    def addresses(self) -> list[str]:
        """All addresses, the primary one first."""
        return list(dict.fromkeys(address for row in self.rows for address in row.addresses))

    @property
    def teams(self) -> dict[str, str] | None:
        """Team key -> role, or None when the file has no such column."""
        if self.rows[0].team is None:
            return None
        return {row.team: row.team_role for row in self.rows if row.team}

    @property
    def roles(self) -> frozenset[str] | None:
        """Roles across teams, or None when the file has no such column."""
        if self.rows[0].roles is None:
            return None
        return frozenset(role for row in self.rows for role in row.roles or ())

    def said(self, name: str) -> Any:
        """The value that some line gives for the person, else None."""
        values = (getattr(row, name) for row in self.rows)
        return next((value for value in values if value not in {None, ""}), None)

    def fault(self, column: str, code: str, value: str = "") -> None:
        """Note a fault at the first line about the person."""
        self.sources[0].fault(column, code, value)


def read_entries(rows: Iterable[Row]) -> list[Entry]:
    """One entry for each first address; notes what cannot be read and what contradicts."""
    entries: dict[str, Entry] = {}
    for source in rows:
        row = person_row(source)
        entry = entries.setdefault(row.addresses[0] if row.addresses else f"line {row.line}", Entry())
        _check_agreement(entry, source, row)
        entry.sources.append(source)
        entry.rows.append(row)
    for column in ("addresses", "user_name", "employee_number"):
        _check_unique(column, list(entries.values()))
    return list(entries.values())


def _check_agreement(entry: Entry, source: Row, row: PersonRow) -> None:
    for name in SAID_ONCE:
        before, value = entry.said(name) if entry.rows else None, getattr(row, name)
        if before is not None and value not in {None, "", before}:
            source.fault(name, "contradicts", str(value))
    place = (entry.teams or {}).get(row.team or "") if entry.rows else None
    if place and place != row.team_role:
        source.fault("team_role", "contradicts", row.team_role)


def _check_unique(column: str, entries: Sequence[Entry]) -> None:
    seen: set[str] = set()
    for entry in entries:
        values = entry.addresses if column == "addresses" else [entry.said(column)]
        for value in filter(None, values):
            if value in seen:
                entry.fault("email" if column == "addresses" else column, "repeated", value)
            seen.add(value)
