"""The one spelling of a detail, so that hashing it twice gives the same bytes."""

import json
import re
from typing import Any

from .errors import LedgerError

INT_LIMIT = 2**63
MAX_TEXT = 600
_CONTROL = re.compile(r"[\x00-\x1f]")
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def canonical(value: Any) -> str:
    """JSON text of a detail value: keys sorted by code point, no spaces, non-ASCII kept.

    Only text, whole numbers of 64 bits, booleans, None, lists and objects with text keys survive a round
    trip unchanged; anything else raises LedgerError with the code `bad_detail`.
    """
    _check(value, "detail")
    return _encode(value)


def check_text(text: str, where: str) -> str:
    """The text itself; refuses what the database cannot keep (NUL, lone surrogates) or is no text."""
    if not isinstance(text, str):
        raise _refusal(where, "is no text")
    if "\x00" in text:
        raise _refusal(where, "holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refusal(where, "holds a lone surrogate") from None
    return text


def check_dimension(text: str, where: str) -> str:
    """The text of a dimension column: one line, at most 600 characters so that it can be indexed."""
    if _is_plain(text):
        return text
    if _CONTROL.search(check_text(text, where)):
        raise _refusal(where, "holds a control character")
    if len(text) > MAX_TEXT:
        raise _refusal(where, f"is longer than {MAX_TEXT} characters")
    return text


def clean_name(name: str) -> str:
    """A person's name as one line of at most 600 characters, whatever the identity provider sent."""
    return check_text(_CONTROL.sub(" ", name)[:MAX_TEXT], "actor_name")


def _is_plain(text: object) -> bool:
    # Nearly all are, and every change pays for the checks of its event: these cost a fifth of the others.
    return isinstance(text, str) and len(text) <= MAX_TEXT and text.isascii() and text.isprintable()


def _check(value: Any, where: str) -> None:
    match value:
        case bool() | None:
            return
        case str():
            check_text(value, where)
        case int():
            _check_int(value, where)
        case dict():
            _check_dict(value, where)
        case list() | tuple():
            for index, item in enumerate(value):
                _check(item, f"{where}[{index}]")
        case _:
            raise _refusal(where, f"is a {type(value).__name__}")


def _check_int(value: int, where: str) -> None:
    if not -INT_LIMIT <= value < INT_LIMIT:
        raise _refusal(where, "does not fit 64 bits")


def _check_dict(value: dict[Any, Any], where: str) -> None:
    for key, item in value.items():
        check_text(key, f"{where} key {key!r}")
        _check(item, f"{where}.{key}")


def _refusal(where: str, why: str) -> LedgerError:
    return LedgerError("bad_detail", f"An event cannot be recorded: {where} {why}.", {"where": where})
