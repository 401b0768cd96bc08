"""Fixtures of the ledger: folders of its own, a log of some events, and a superuser who tampers."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pytest
from django.db import connection

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record

ALICE = Actor(kind="person", id="1", name="Alice Li 李")


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path) -> list[Path]:
    """Keys and two checkpoint folders that belong to this test."""
    settings.PURSER_KEY_DIR = tmp_path / "keys"
    settings.PURSER_CHECKPOINT_DIRS = [tmp_path / "first", tmp_path / "second"]
    return list(settings.PURSER_CHECKPOINT_DIRS)


@pytest.fixture
def append() -> Callable[..., None]:
    """Append so many events, one block each."""

    def append(count: int, kind: str = "grants.grant.issued", **dimensions: Any) -> None:
        for number in range(count):
            with audited(by=ALICE):
                record(kind, **{"subject": f"grant:{number}", "detail": {"number": number}, **dimensions})

    return append


@pytest.fixture
def superuser(transactional_db: None) -> Iterator[psycopg.Connection]:
    """The database's owner with every trigger switched off, in a connection of their own."""
    owner = urlsplit(os.environ.get("DATABASE_OWNER_URL") or os.environ["DATABASE_URL"])
    parts = connection.get_connection_params()
    with psycopg.connect(
        host=parts.get("host"),
        port=parts.get("port"),
        dbname=connection.settings_dict["NAME"],
        user=unquote(owner.username or ""),
        password=unquote(owner.password or "") or None,
        autocommit=True,
    ) as opened:
        opened.execute("SET session_replication_role = replica")
        yield opened
