"""What Purser stands on, part by part: each answers within a second or is called failing."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import DatabaseError, connection, transaction
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from portal.pages.health import costs, drift, stores, tables

log = structlog.get_logger(__name__)
SECONDS = 1.0
STATEMENT_MS = 900
WORKING, ATTENTION, FAILING, ABSENT = "working", "slow", "failing", "not_set_up"


@dataclass(frozen=True)
class Part:
    """One part: its state (codes of `words.INTEGRATION`), a short reason, and whether Purser cannot serve without."""

    name: str
    state: str
    reason: str = ""
    vital: bool = False

    @property
    def ok(self) -> bool:
        """Whether nobody needs to look at it."""
        return self.state in (WORKING, ABSENT)


Check = Callable[[datetime], tuple[str, str]]
STORES: tuple[tuple[str, Check, bool], ...] = (
    ("broker", stores.broker, True),
    ("worker", stores.worker, True),
    ("certificate", stores.certificate, True),
)
TABLES: tuple[tuple[str, Check, bool], ...] = (
    ("registry", tables.registries, False),
    ("jira", tables.jira, False),
    ("mail", tables.mail, False),
    ("ledger", tables.ledger, False),
    ("deliveries", tables.deliveries, False),
    ("drift", drift.differences, False),
    ("keyless", tables.keyless, False),
    ("brake", tables.brake, False),
    ("usage", costs.usage, False),
)


def parts(now: datetime) -> list[Part]:
    """Every part in the order people ask for them. Never raises; takes about two seconds at worst."""
    with_database, outside = _database(now), _stores(now)
    return [with_database[0], *outside[:2], *with_database[1:], *outside[2:]]


def all_well(found: Iterable[Part]) -> bool:
    """Whether Purser can serve: every vital part works, or is only slow."""
    return not any(part.vital and part.state == FAILING for part in found)


def _database(now: datetime) -> list[Part]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {STATEMENT_MS}")
            rest = [_part(name, check, now, vital=vital) for name, check, vital in TABLES]
    except DatabaseError as error:
        log.warning("health_database", error=type(error).__name__)
        silent = _("The database does not answer")
        lost = [Part(name, FAILING, _("Cannot be read without the database")) for name, _c, _v in TABLES]
        return [Part("database", FAILING, silent, vital=True), *lost]
    return [Part("database", WORKING, vital=True), *rest]


def _stores(now: datetime) -> list[Part]:
    pool = ThreadPoolExecutor(len(STORES))
    language = get_language()
    asked = [(name, vital, pool.submit(_said, language, check, now)) for name, check, vital in STORES]
    found = []
    for name, vital, future in asked:
        try:
            state, reason = future.result(timeout=SECONDS)
        except NoAnswer:
            state, reason = FAILING, _("No answer within a second")
        except Exception as error:  # whatever a broken store raises, its part is failing
            log.warning("health_part", part=name, error=type(error).__name__)
            state, reason = FAILING, _("Cannot be reached")
        found.append(Part(name, state, reason, vital))
    pool.shutdown(wait=False, cancel_futures=True)
    return found


def _said(language: str | None, check: Check, now: datetime) -> tuple[str, str]:
    # A thread of its own would speak the site's language, not the reader's.
    with override(language):
        return check(now)


def _part(name: str, check: Check, now: datetime, *, vital: bool) -> Part:
    state, reason = check(now)
    return Part(name, state, reason, vital)
