"""Budgets from a CSV file: every fault of every line at once, and nothing is changed with any of them."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.costs.budgets import budgets_of, set_budget
from audit.costs.errors import CostError
from audit.costs.planning import BudgetTerms
from audit.costs.types import Period
from audit.ledger.actors import Actor
from audit.ledger.services import audited
from portal.edges.cost_owners import Owners

COLUMNS = ("owner_kind", "owner", "first_day", "last_day", "amount", "thresholds", "note")
NEEDED = COLUMNS[:5]
MOST_LINES = 5_000
ENCODINGS = ("utf-8-sig", "gb18030")
KINDS = {"team": "team", "cost_centre": "cost_centre", "cost_center": "cost_centre"}
_WORDS: Mapping[str, "str | Promise"] = {
    "not_text": _("The file is not text in UTF-8, UTF-16 or GB18030"),
    "no_lines": _("The file has no lines below its header"),
    "many_lines": _("The file has more than 5,000 lines"),
    "missing_column": _("The column “%(value)s” is missing"),
    "twice_column": _("The column “%(value)s” stands twice"),
    "missing": _("This is empty"),
    "cells": _("The line has %(value)s cells, and the header another number"),
    "kind": _("“%(value)s” is no kind of owner. Write team or cost_centre"),
    "owner": _("There is no “%(value)s” in the directory"),
    "date": _("“%(value)s” is no date. Write it as 2026-11-20"),
    "order": _("The last day must not be before the first"),
    "amount": _("“%(value)s” is no amount above 0 with at most 2 decimal places"),
    "thresholds": _("“%(value)s” are no whole percents from 1 to 200"),
    "long": _("The note must be 300 characters or fewer"),
    "again": _("Line %(value)s has the same owner and first day"),
}


@dataclass(frozen=True, slots=True)
class FileFault:
    """One fault: `line` 1 is the header, 0 the whole file; `value` is what was written there."""

    line: int
    column: str
    code: str
    value: str = ""

    @property
    def message(self) -> str:
        """What is wrong, in words."""
        return str(_WORDS[self.code]) % {"value": self.value}


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One budget of a file. `after` is the first day behind it; `thresholds` None: not said."""

    line: int
    owner_kind: str
    owner: str
    starts: date
    after: date
    amount: Decimal
    thresholds: tuple[int, ...] | None
    note: str


@dataclass(frozen=True, slots=True)
class BudgetFile:
    """What a file says, or what is wrong with it."""

    lines: tuple[BudgetLine, ...] = ()
    faults: tuple[FileFault, ...] = ()


def read_budgets(data: bytes, *, known: Owners) -> BudgetFile:
    """The budgets of a file, or all of its faults. Columns are told by name; unknown ones are left alone."""
    text = _text(data)
    if text is None:
        return BudgetFile(faults=(FileFault(0, "", "not_text"),))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)))
    except csv.Error:
        return BudgetFile(faults=(FileFault(0, "", "not_text"),))
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    if faults := list(_header_faults(header, rows)):
        return BudgetFile(faults=tuple(faults))
    lines, found = [], []
    for number, cells in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in cells):
            line, faults = _line(number, header, cells, known)
            found += faults
            lines += [line] if line else []
    found += _repeated(lines)
    if not lines and not found:
        found.append(FileFault(0, "", "no_lines"))
    found.sort(key=lambda fault: fault.line)
    return BudgetFile(faults=tuple(found)) if found else BudgetFile(lines=tuple(lines))


def take_budgets(file: BudgetFile, *, by: Actor, now: datetime) -> int:
    """Set every budget of a file without faults, all or none; one with the same owner and first day is changed.

    Returns how many. Raises what `set_budget` raises, with the file's line in front of the sentence.
    """
    with audited(by=by):
        for line in file.lines:
            _take(line, by, now)
    return len(file.lines)


def _take(line: BudgetLine, by: Actor, now: datetime) -> None:
    kept = budgets_of([(line.owner_kind, line.owner)]).filter(starts=line.starts).first()
    told = {} if line.thresholds is None else {"thresholds": line.thresholds}
    terms = BudgetTerms(
        owner_kind=line.owner_kind,
        owner=line.owner,
        period=Period(line.starts, line.after),
        amount=line.amount,
        note=line.note,
        **told,
    )
    try:
        set_budget(terms=terms, budget=kept, by=by, now=now)
    except CostError as error:
        words = _("Line %(line)s: %(problem)s") % {"line": line.line, "problem": error.message}
        fault = {"line": line.line, "field": "", "code": error.code, "message": words}
        raise CostError("import_faults", words, {"faults": [fault]}) from error


def _text(data: bytes) -> str | None:
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if wide else ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _delimiter(text: str) -> str:
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)


def _header_faults(header: list[str], rows: list[list[str]]) -> Iterator[FileFault]:
    for name in NEEDED:
        if name not in header:
            yield FileFault(1, name, "missing_column", name)
    for name in sorted({name for name in header if name in COLUMNS and header.count(name) > 1}):
        yield FileFault(1, name, "twice_column", name)
    if len(rows) > MOST_LINES + 1:
        yield FileFault(0, "", "many_lines")


def _line(
    number: int, header: list[str], cells: list[str], known: Owners
) -> tuple[BudgetLine | None, list[FileFault]]:
    if len(cells) != len(header):
        return None, [FileFault(number, "", "cells", str(len(cells)))]
    said = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
    kind = KINDS.get(said["owner_kind"].lower(), "")
    first, last = _day(said["first_day"]), _day(said["last_day"])
    amount, thresholds = _amount(said["amount"]), _percents(said.get("thresholds", ""))
    wrong = {
        "owner_kind": ("kind", not kind),
        "owner": ("owner", bool(kind) and not known.knows(kind, said["owner"])),
        "first_day": ("date", first is None),
        "last_day": ("date", last is None),
        "amount": ("amount", amount is None),
        "thresholds": ("thresholds", thresholds is None),
        "note": ("long", len(said.get("note", "")) > 300),
    }
    faults = list(_cell_faults(number, said, wrong))
    if first and last and last < first:
        faults.append(FileFault(number, "last_day", "order"))
    if faults or first is None or last is None or amount is None:
        return None, faults
    percents = tuple(thresholds or ()) if said.get("thresholds") else None
    after, note = last + timedelta(days=1), said.get("note", "")
    return BudgetLine(number, kind, said["owner"], first, after, amount, percents, note), []


def _cell_faults(
    number: int, said: Mapping[str, str], wrong: Mapping[str, tuple[str, bool]]
) -> Iterator[FileFault]:
    for name, (code, bad) in wrong.items():
        if name in NEEDED and not said[name]:
            yield FileFault(number, name, "missing")
        elif bad and said.get(name):
            yield FileFault(number, name, code, said[name][:60])


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year < 3000 else None


def _amount(text: str) -> Decimal | None:
    try:
        amount = Decimal(text.replace(" ", "").replace("_", "x"))
    except InvalidOperation:
        return None
    fits = amount.is_finite() and 0 < amount < Decimal(10) ** 12
    return amount if fits and amount == amount.quantize(Decimal("0.01")) else None


def _percents(text: str) -> list[int] | None:
    words = [word for word in text.replace("%", " ").replace("|", " ").replace(",", " ").split() if word]
    if any(not (word.isascii() and word.isdecimal() and 1 <= int(word[:6]) <= 200) for word in words):
        return None
    return sorted({int(word) for word in words})


def _repeated(lines: list[BudgetLine]) -> list[FileFault]:
    first: dict[tuple[str, str, date], int] = {}
    found = []
    for line in lines:
        seen = first.setdefault((line.owner_kind, line.owner, line.starts), line.line)
        if seen != line.line:
            found.append(FileFault(line.line, "owner", "again", str(seen)))
    return found
