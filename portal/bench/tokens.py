"""Audited tokens a second: cached and uncached, each answer a committed row."""

from collections.abc import Sequence
from dataclasses import dataclass

from grants.tokens.models import IssuedToken
from portal.bench.house import running_web
from portal.bench.load import CONNECTIONS, Loaded, load
from portal.bench.people import Puller
from portal.cli.errors import DemoError

WARM_SECONDS = 2


@dataclass(frozen=True)
class TokenFigures:
    """One case: what the load saw, and how many rows it left."""

    loaded: Loaded
    rows: int


def measure_tokens(
    pullers: Sequence[Puller], *, cached: bool, seconds: int, processes: int = 1
) -> TokenFigures:
    """Load web processes of their own.

    Raises DemoError when an answer was no token, or when answers and committed rows differ.
    """
    with running_web(workers=processes, PURSER_TOKEN_CACHE="1" if cached else "0") as web:
        load(web.url, pullers, seconds=WARM_SECONDS)
        before = _rows()
        loaded = load(web.url, pullers, seconds=seconds)
    rows = _rows() - before
    # wrk hangs up on what is under way at its ends: those rows are written and nobody counts their answers.
    if loaded.bad or not loaded.answers <= rows <= loaded.answers + 2 * CONNECTIONS:
        raise DemoError(f"{loaded.answers} answers, {loaded.bad} of them bad, but {rows} rows")
    return TokenFigures(loaded, rows)


def _rows() -> int:
    return IssuedToken.objects.filter(outcome="issued").exclude(access=[]).count()
