"""JSON from outside, read with limits: numbers stay exact, depth and size are bounded. Pure."""

import json
from decimal import Decimal

from audit.costs.sources.limits import MOST_DEEP
from audit.costs.sources.values import Unreadable


def loads(text: str | bytes) -> object:
    """The value of a JSON text; NaN and infinities become None. Raises Unreadable `not_json` or `too_deep`."""
    try:
        found: object = json.loads(text, parse_float=Decimal, parse_constant=lambda _name: None)
    except RecursionError:
        raise Unreadable("too_deep") from None
    except ValueError:
        raise Unreadable("not_json") from None
    if _brackets(text) > MOST_DEEP and too_deep(found):
        raise Unreadable("too_deep")
    return found


def _brackets(text: str | bytes) -> int:
    """How many open: most texts have too few to be deep, and counting them is quick."""
    if isinstance(text, bytes):
        return text.count(b"{") + text.count(b"[")
    return text.count("{") + text.count("[")


def too_deep(value: object) -> bool:
    """Whether lists and objects are nested more deeply than any source's."""
    level, layer = 0, [value]
    while layer:
        level += 1
        if level > MOST_DEEP:
            return True
        layer = [
            inner
            for one in layer
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return False
