"""Every route, every verb, every role: who gets through is exactly who the table names."""

import json
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache

from portal.tests.authorisation.conftest import World, undone
from portal.tests.authorisation.routes import address, routes
from portal.tests.authorisation.table import ROLES, TABLE, Row

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
AREAS = ("api requests", "api", "pages", "machines")


def area_of(route: str) -> str:
    if route.startswith("api/v1/"):
        return "api requests" if route.startswith(("api/v1/requests", "api/v1/grants")) else "api"
    return "machines" if route.startswith(("accounts/", "webhooks/")) else "pages"


BY_ROUTE = {
    route: list(rows)
    for route, rows in groupby(sorted(TABLE, key=lambda row: row.route), key=lambda row: row.route)
}


def outcome(response: Any) -> str:
    """What an answer means for who asked; a fault of ours is never one of the expected outcomes."""
    status = response.status_code
    if status == 302 and response.headers["Location"].startswith("/accounts/login"):
        return "sign_in"
    named = {401: "sign_in", 403: "forbidden", 404: "hidden", 405: "no_such_verb"}
    return named.get(status, "allowed" if status < 500 else f"fault {status}")


def ask(world: World, row: Row, role: str) -> str:
    cache.clear()
    client, path = world.clients[role], address(row.route, world.filling(row.at))
    body = world.body(row.body)
    with undone():
        if row.verb == "GET":
            response = client.get(path, body)
        elif path.startswith("/api/") and path != "/api/v1/directory/import/":
            response = client.generic(row.verb, path, *_json(body))
        else:
            response = client.generic(row.verb, path, *_form(path, body))
        if response.streaming:
            b"".join(response)
        return outcome(response)


def _json(body: Any) -> tuple[bytes, str]:
    return json.dumps(body).encode(), "application/json"


def _form(path: str, body: Any) -> tuple[str, str]:
    return urlencode(body), "text/csv" if path.startswith("/api/") else "application/x-www-form-urlencoded"


def test_every_route_has_a_row_and_every_row_a_route() -> None:
    found = set(routes())
    assert sorted(found - set(BY_ROUTE)) == []
    assert sorted(set(BY_ROUTE) - found) == []


def test_no_row_stands_twice() -> None:
    keys = [(row.route, row.verb) for row in TABLE]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("area", AREAS)
def test_who_gets_through_is_who_the_table_names(world: World, area: str) -> None:
    wrong = {
        (row.verb, row.route, role): (said, row.expected(role))
        for row in in_area(area)
        if row.everybody != "open"
        for role in ROLES
        if (said := ask(world, row, role)) != row.expected(role)
    }
    assert wrong == {}, "\n".join(f"{key}: {told}" for key, told in sorted(wrong.items()))


@pytest.mark.parametrize("area", AREAS)
def test_verbs_without_a_row_do_nothing(world: World, area: str) -> None:
    done = {
        (row.verb, row.route, role): said
        for row in unlisted(area)
        for role in ("administrator", "lead")
        if (said := ask(world, row, role)) not in {"no_such_verb", "hidden", "forbidden", "sign_in"}
    }
    assert done == {}


def test_the_table_leaves_no_role_out(world: World) -> None:
    assert set(world.clients) == set(ROLES)


def in_area(area: str) -> list[Row]:
    return [row for row in TABLE if area_of(row.route) == area]


def unlisted(area: str) -> list[Row]:
    """The verbs that the table does not name, of routes it does."""
    return [
        Row(rows[0].route, verb, at=rows[0].at)
        for rows in BY_ROUTE.values()
        if area_of(rows[0].route) == area and rows[0].everybody != "open"
        for verb in VERBS
        if verb not in {row.verb for row in rows}
    ]
