"""The faults that a refusal of the cost room holds, in one form, for pages and the API."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.ledger.errors import PurserError


@dataclass(frozen=True, slots=True)
class Said:
    """One fault: `line` 0 is the whole, `field` may be empty; `message` is a sentence in the active language."""

    field: str
    code: str
    message: str
    line: int = 0


def faults_of(error: PurserError) -> list[Said]:
    """Every fault of `detail["faults"]`, whatever it was written as; empty where the refusal names none."""
    return said(error.detail.get("faults") or (), error.code)


def said(faults: Iterable[Any], code: str = "bad_value") -> list[Said]:
    """Faults (texts, mappings, or objects with line, field, code and message) in one form."""
    return [_one(fault, code) for fault in faults]


def _one(fault: Any, code: str) -> Said:
    if isinstance(fault, Mapping):
        words = fault.get("message", fault.get("detail", ""))
        return Said(
            str(fault.get("field", "")), str(fault.get("code", code)), str(words), fault.get("line", 0)
        )
    if hasattr(fault, "message"):
        field = getattr(fault, "field", "")
        return Said(field, getattr(fault, "code", code), str(fault.message), getattr(fault, "line", 0))
    return Said("", code, str(fault))
