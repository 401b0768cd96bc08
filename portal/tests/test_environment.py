"""Addresses: of databases as Django takes them, and Purser's own."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import environment
from portal.environment import KEEPALIVES, PLANNER, database, own_address


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    for name in ("HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)


def test_a_machine_that_vanished_is_noticed_within_a_minute():
    assert database("postgresql://a:b@db/purser")["OPTIONS"] == {"options": f"{KEEPALIVES} {PLANNER}"}


def test_what_the_address_asks_for_is_kept_and_wins():
    options = database("postgresql://a@db/purser?sslmode=require&options=-c%20tcp_keepalives_idle%3D60")[
        "OPTIONS"
    ]
    assert options == {"sslmode": "require", "options": f"{KEEPALIVES} {PLANNER} -c tcp_keepalives_idle=60"}


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"PORT": "", "HOST": ""}, "http://127.0.0.1:8000"),
        ({"PORT": "8123"}, "http://127.0.0.1:8123"),
        ({"PORT": "8123", "HOST": "purser.test"}, "http://purser.test:8123"),
        ({"HOST": "::1"}, "http://[::1]:8000"),
    ],
)
def test_our_own_address_is_where_we_listen(monkeypatch, given, address):
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert own_address() == address


def test_listening_everywhere_is_called_by_the_address_outside(monkeypatch):
    monkeypatch.setenv("HOST", "0.0.0.0")  # noqa: S104 - nothing listens here
    monkeypatch.setattr(environment, "public_name", {"0.0.0.0": "10.0.0.7"}.get)  # noqa: S104
    assert own_address() == "http://10.0.0.7:8000"


def test_a_port_that_is_none_stops_the_start(monkeypatch):
    monkeypatch.setenv("PORT", "web")
    with pytest.raises(ImproperlyConfigured, match="PORT must be a whole number"):
        own_address()
