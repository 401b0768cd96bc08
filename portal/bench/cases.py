"""The measurements, their limits, and the table they are printed in."""

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from audit.ledger import bench as ledger
from portal.bench.approving import measure_approvals
from portal.bench.costs import measure_costs
from portal.bench.house import migrate
from portal.bench.people import make_pullers
from portal.bench.tokens import measure_tokens
from portal.embedded.places import data_folder

Say = Callable[[str], object]
FSYNC_SECONDS = 1.0
TOKEN_CASES = (
    ("cached, one process", True, 1, 4_000, 25),
    ("cached, a process for each core", True, os.cpu_count() or 1, 10_000, 25),
    ("uncached, one process", False, 1, 4_000, 25),
    ("uncached, a process for each core", False, os.cpu_count() or 1, 4_000, 25),
)
"""Words, cached, processes, answers a second at least, milliseconds for 99 of 100 at most."""


@dataclass(frozen=True)
class Figure:
    """One measured value; `limit` is what architecture.md asks, at least or (`most`) at most."""

    name: str
    value: float
    unit: str
    limit: float
    most: bool = False

    @property
    def kept(self) -> bool:
        """Whether the limit is kept."""
        return self.value <= self.limit if self.most else self.value >= self.limit

    def __str__(self) -> str:
        bound = f"{'<=' if self.most else '>='} {self.limit:,g}"
        return (
            f"{self.name:<52}{self.value:>12,.2f} {self.unit:<10}{bound:>12}  {'' if self.kept else 'MISSED'}"
        )


@dataclass(frozen=True)
class Bench:
    """What every case is given."""

    seconds: int


def measure(cases: Sequence[str], *, seconds: int, say: Say) -> list[str]:
    """Run the cases and print each figure as it comes; returns the names of those that missed their limit.

    Raises DemoError when a measurement is not valid: an answer that was no token, a row too few.
    """
    migrate()
    say(_machine())
    missed = []
    for case in cases:
        for figure in CASES[case](Bench(seconds)):
            say(str(figure))
            if not figure.kept:
                missed.append(figure.name)
    say(f"load average at the end: {_load()}")
    return missed


def _tokens(bench: Bench) -> Iterator[Figure]:
    pullers = make_pullers(now=timezone.now())
    for words, cached, processes, least, slowest in TOKEN_CASES:
        seen = measure_tokens(pullers, cached=cached, processes=processes, seconds=bench.seconds)
        yield Figure(f"audited registry tokens, {words}", seen.loaded.rate, "per s", least)
        yield Figure(
            f"  slowest of 100 (p50 {seen.loaded.p50:.1f} ms)", seen.loaded.p99, "ms", slowest, most=True
        )
        yield Figure(
            f"  rows without an answer, of {seen.rows:,}",
            seen.rows - seen.loaded.answers,
            "rows",
            64,
            most=True,
        )


def _audit(bench: Bench) -> Iterator[Figure]:
    figures = ledger.run()
    yield Figure("audit cost of a change", figures["added_ms_per_change"], "ms", 0.2, most=True)
    yield Figure(
        "audited changes, 8 writers", figures["audited_changes_per_second_8_writers"], "per s", 2_000
    )
    yield Figure("verify a million events", figures["verify_seconds_per_million"], "s", 2, most=True)
    yield Figure("a million events as CSV", figures["csv_seconds_per_million"], "s", 2, most=True)


def _approvals(bench: Bench) -> Iterator[Figure]:
    seen = measure_approvals(rounds=bench.seconds * 10)
    yield Figure(
        f"approve to usable, slowest of 100 (p50 {seen.usable50:.1f} ms)",
        seen.usable99,
        "ms",
        1000,
        most=True,
    )
    yield Figure(
        f"revoke to refused, slowest of 100 (p50 {seen.refused50:.1f} ms)",
        seen.refused99,
        "ms",
        1000,
        most=True,
    )


def _costs(bench: Bench) -> Iterator[Figure]:
    for seen in measure_costs():
        size = f"{seen.rows / 1_000_000:.1f}M rows"
        yield Figure(f"{size}: brought, sums included", seen.import_rate, "rows/s", 20_000)
        yield Figure(f"{size}: sums added up again", seen.rebuild_rate, "rows/s", 100_000)
        yield Figure(f"{size}: an hour until its sums stand", seen.lag_seconds, "s", 60, most=True)
        for name, (p50, p95) in seen.pages.items():
            yield Figure(f"{size}: {name} (p50 {p50:.0f} ms), p95", p95, "ms", 50, most=True)
        words = f"{size}: half a year by team, rows {seen.raw_ms:.0f} ms, sums {seen.rollup_ms:.1f} ms"
        yield Figure(words, seen.raw_ms / seen.rollup_ms, "times", 50)
        yield Figure(f"{size}: database", seen.megabytes, "MB", 40_000, most=True)


CASES: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "tokens": _tokens,
    "approvals": _approvals,
    "audit": _audit,
    "costs": _costs,
}


def _machine() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync'),"
                       " current_setting('synchronous_commit')")  # fmt: skip
        version, fsync, commit = cursor.fetchone()
    return (
        f"{os.cpu_count()} cores, load average {_load()}, Python {platform.python_version()}, "
        f"PostgreSQL {version} (fsync {fsync}, synchronous_commit {commit}), {_fsyncs():,.0f} fsyncs/s; "
        "the load generator shares the cores"
    )


def _fsyncs() -> float:
    path, done = data_folder() / "fsync", 0
    with path.open("wb") as file:
        until = time.monotonic() + FSYNC_SECONDS
        while time.monotonic() < until:
            file.seek(0)
            file.write(bytes(8192))
            file.flush()
            os.fdatasync(file.fileno())
            done += 1
    path.unlink()
    return done / FSYNC_SECONDS


def _load() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())
