"""Active filters of a list as chips that can be taken off; the address holds them all."""

from collections.abc import Iterable

from django.http import HttpRequest, QueryDict

PLACE = ("after", "n")


def chips_of(request: HttpRequest, labels: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(label, address without it) for each (parameter, label) whose label is not empty."""
    return [(label, without(request, name)) for name, label in labels if label]


def without(request: HttpRequest, *names: str) -> str:
    """The address of the page without these parameters, from the first page on."""
    query: QueryDict = request.GET.copy()
    for name in (*names, *PLACE):
        query.pop(name, None)
    return f"?{query.urlencode()}" if query else request.path


def with_parameter(request: HttpRequest, name: str, value: str) -> str:
    """The address of the page with one parameter set, from the first page on."""
    query: QueryDict = request.GET.copy()
    for place in PLACE:
        query.pop(place, None)
    query[name] = value
    return f"?{query.urlencode()}"
