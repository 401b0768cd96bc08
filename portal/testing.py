"""pytest plugin: throwaway PostgreSQL and Redis, tests as the application's role, no network.

Loaded by `-p portal.testing`. DATABASE_URL and REDIS_URL replace the throwaway servers; xdist workers inherit
the environment of their controller and therefore start nothing.
"""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import pytest_socket

from portal.embedded.throwaway import start_missing

LOOPBACK = ["127.0.0.1", "::1", "localhost"]
PLAIN = {
    # Hashed names need collectstatic; a live Playwright makes all ORM calls in its process look asynchronous.
    "PURSER_STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
}
_undo = pytest.StashKey[list[Callable[[], object]]]()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Start the services before pytest-django reads the settings."""
    for name, value in PLAIN.items():
        os.environ.setdefault(name, value)
    early_config.stash[_undo] = start_missing(os.environ)
    return (yield)


def pytest_configure(config: pytest.Config) -> None:
    """Name our markers; let the owner flush between tests."""
    config.addinivalue_line("markers", "enable_loopback: the test may connect to this machine's own ports")
    _own_redis()
    from django.test.testcases import TransactionTestCase  # noqa: PLC0415 - settings are not loaded yet

    flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # noqa: SLF001

    def flush_as_owner(case: TransactionTestCase) -> None:
        # Append-only tables refuse TRUNCATE to the application by its rights and to the owner by triggers.
        with owner_without_triggers():
            flush(case)

    TransactionTestCase._fixture_teardown = flush_as_owner  # type: ignore[attr-defined]  # noqa: SLF001


def _own_redis() -> None:
    """A cache and a channel layer for each xdist worker: the same ids stand in each worker's database."""
    from django.conf import settings  # noqa: PLC0415 - settings are not loaded earlier

    from portal.environment import redis_url  # noqa: PLC0415

    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    cache, channels = 4 + 2 * worker, 5 + 2 * worker
    settings.CACHES["default"]["LOCATION"] = redis_url(settings.REDIS_URL, cache)
    layers: dict[str, Any] = settings.CHANNEL_LAYERS
    layers["default"]["CONFIG"]["hosts"][0]["address"] = redis_url(settings.REDIS_URL, channels)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started, the newest first."""
    started: list[Callable[[], object]] = config.stash.get(_undo, [])
    for undo in reversed(started):
        undo()


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, Any, Any]:
    """The owner creates, migrates and drops the test database; everything between runs as the application."""
    if fixturedef.argname != "django_db_setup":
        return (yield)
    become("DATABASE_OWNER_URL")
    try:
        return (yield)
    finally:
        become("DATABASE_URL")
        fixturedef.addfinalizer(partial(become, "DATABASE_OWNER_URL"))


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Block the network: unix sockets are open, loopback by the marker only."""
    if item.get_closest_marker("enable_loopback"):
        pytest_socket.socket_allow_hosts(LOOPBACK, allow_unix_socket=True)
    else:
        pytest_socket.disable_socket(allow_unix_socket=True)


@contextmanager
def owner_without_triggers() -> Generator[None]:
    """Inside, the connection is the owner's and no trigger fires: a right given in test clusters only."""
    from django.db import connection  # noqa: PLC0415 - settings are not loaded yet

    become("DATABASE_OWNER_URL")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
        yield
    finally:
        become("DATABASE_URL")


def become(variable: str) -> None:
    """Take user and password from the address in `variable`, from the next connection on, in every thread."""
    from django.db import connection  # noqa: PLC0415 - settings are not loaded yet

    address = urlsplit(os.environ.get(variable) or os.environ["DATABASE_URL"])
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    connection.settings_dict["USER"] = unquote(address.username or "")
    connection.settings_dict["PASSWORD"] = unquote(address.password or "")
