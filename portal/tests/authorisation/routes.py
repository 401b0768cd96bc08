"""Walks the URL configuration, and turns a route into an address of the test's world."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django.urls import URLResolver, get_resolver

PLACE = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^)]*\)")


def routes(patterns: Sequence[Any] | None = None, prefix: str = "") -> Iterator[str]:
    """Every route as its patterns spell it, e.g. `requests/<int:pk>/withdraw/`."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def address(route: str, values: dict[str, Any]) -> str:
    """The route with its places filled, by `values["pk"]` and so on."""
    return "/" + PLACE.sub(lambda m: str(values[m[1] or m[2]]), route).replace("^", "")
