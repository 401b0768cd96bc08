"""The routes that are open to everybody: they answer all alike, tell nothing of anybody, and sign nobody in."""

from typing import Any

import pytest
from django.core.cache import cache

from audit.ledger.models import Event
from portal.tests.authorisation.conftest import World, undone
from portal.tests.authorisation.routes import address
from portal.tests.authorisation.table import NOT_SIGNED_IN, ROLES, TABLE
from portal.tests.authorisation.test_matrix import VERBS

OIDC = "accounts/oidc/^(?P<provider_id>[^/]+)/login/"
SAML = "accounts/^saml/(?P<organization_slug>[^/]+)/"
NOT_THERE = (404, 404, 404)
"""No provider of this kind is configured in tests; sign-in through real ones is in portal/accounts/tests."""

OPEN: dict[str, tuple[int, int, int]] = {
    "healthz": (503, 405, 405),
    "accounts/login/": (200, 403, 403),
    "accounts/inactive/": (200, 405, 405),
    "accounts/3rdparty/login/cancelled/": (200, 405, 405),
    "accounts/3rdparty/login/error/": (401, 405, 405),
    "accounts/logout/": (302, 302, 405),
    OIDC: NOT_THERE,
    f"{OIDC}callback/": NOT_THERE,
    f"{SAML}acs/": (302, 302, 302),
    f"{SAML}acs/finish/": NOT_THERE,
    f"{SAML}sls/": NOT_THERE,
    f"{SAML}metadata/": NOT_THERE,
    f"{SAML}login/": NOT_THERE,
}
"""What GET, POST and every other verb answer. 503: tests run no worker. 403: local accounts are off."""

SIGNED_IN: dict[tuple[str, str], int] = {("accounts/login/", "GET"): 302, ("accounts/logout/", "GET"): 200}
"""Where whoever is signed in is answered otherwise: led home; asked whether to sign out."""

SECRETS = ("bob", "Alice", "example.com", "anti-fraud", "fraud/base", "REQ-")
"""Names of the world that nobody reads without signing in."""


def asked(world: World, role: str, route: str, verb: str) -> Any:
    cache.clear()
    return world.clients[role].generic(verb, address(route, world.filling("")))


def expected(role: str, route: str, verb: str) -> int:
    get, post, other = OPEN[route]
    usual = {"GET": get, "POST": post}.get(verb, other)
    return usual if role in NOT_SIGNED_IN else SIGNED_IN.get((route, verb), usual)


def test_the_open_routes_are_exactly_those_of_the_table() -> None:
    assert {row.route for row in TABLE if row.everybody == "open"} == set(OPEN)


@pytest.mark.parametrize("route", OPEN)
def test_an_open_route_answers_every_role_and_verb_as_told(world: World, route: str) -> None:
    wrong = {}
    for role in ROLES:
        for verb in VERBS:
            with undone():
                status = asked(world, role, route, verb).status_code
            if status != expected(role, route, verb):
                wrong[role, verb] = status
    assert wrong == {}


@pytest.mark.parametrize("route", OPEN)
def test_an_open_route_tells_nothing_signs_nobody_in_and_records_nothing(world: World, route: str) -> None:
    before = Event.objects.count()
    for role in sorted(NOT_SIGNED_IN):
        for verb in VERBS:
            text = asked(world, role, route, verb).content.decode()
            assert [name for name in SECRETS if name in text] == [], (role, verb)
        assert world.clients[role].get("/").headers["Location"].startswith("/accounts/login/"), role
    assert Event.objects.count() == before


def test_health_says_the_same_to_everybody(world: World) -> None:
    said = {asked(world, role, "healthz", "GET").content for role in ROLES}
    assert len(said) == 1


def test_signing_out_ends_ones_own_session_and_no_other(world: World) -> None:
    assert world.clients["lead"].post("/accounts/logout/").status_code == 302
    signed_in = {role for role in ROLES if world.clients[role].get("/account/").status_code == 200}
    assert signed_in == set(ROLES) - NOT_SIGNED_IN - {"lead"}
    ended = Event.objects.filter(kind="portal.session.ended").values_list("actor", flat=True)
    assert list(ended) == [world.people["lead"].label]
