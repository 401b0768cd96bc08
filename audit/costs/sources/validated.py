"""What pydantic finds wrong with a document, as faults with their places. Pure."""

from typing import Any

from pydantic import ValidationError

from audit.costs.sources.faults import Faults

CODES = frozenset(
    {"bad_number", "bad_time", "no_zone", "far_time", "missing", "bad_currency", "bad_pairs", "too_large"}
)
_END = 60


def note(error: ValidationError, faults: Faults, *, line: int, name: str = "") -> None:
    """Note every fault of a document; `name` stands before the fields' own."""
    for one in error.errors(include_url=False):
        place = ".".join([*([name] if name else []), *(str(part) for part in one["loc"])])
        faults.add(line, place[-_END:], _code(one), value=_shown(one.get("input")), limit=10**12)


def _code(error: Any) -> str:
    if error["type"] == "missing":
        return "missing"
    said = str(error.get("ctx", {}).get("error", ""))
    return said if said in CODES else "bad_shape"


def _shown(value: object) -> str:
    return "…" if isinstance(value, dict | list) else str(value)
