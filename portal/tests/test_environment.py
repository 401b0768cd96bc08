"""Addresses of databases as Django takes them."""

from portal.environment import KEEPALIVES, database


def test_a_machine_that_vanished_is_noticed_within_a_minute():
    assert database("postgresql://a:b@db/purser")["OPTIONS"] == {"options": KEEPALIVES}


def test_what_the_address_asks_for_is_kept_and_wins():
    options = database("postgresql://a@db/purser?sslmode=require&options=-c%20tcp_keepalives_idle%3D60")[
        "OPTIONS"
    ]
    assert options == {"sslmode": "require", "options": f"{KEEPALIVES} -c tcp_keepalives_idle=60"}
