"""What approved requests plan to use, handed down by whoever approved them (F16 and F20)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from audit.costs.models import Commitment
from audit.costs.narrowing import ask
from audit.costs.types import ZERO, Period

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned use of one approved request. `amount` None: there was no price when it was approved."""

    origin: str
    team: str
    project: str
    gpu_type: str
    hours: Decimal
    amount: Decimal | None
    starts: date
    ends: date
    grant: str = ""


def commit(planned: Planned) -> Commitment:
    """Keep what an approved request plans to use; committing the same origin again replaces it.

    No event of its own: the approval that hands it down is in the ledger, in the same transaction.
    """
    values = {
        "grant": planned.grant,
        "team": planned.team,
        "project": planned.project,
        "gpu_type": planned.gpu_type,
        "hours": planned.hours,
        "amount": planned.amount,
        "starts": planned.starts,
        "ends": planned.ends,
        "over": False,
    }
    return Commitment.objects.update_or_create(origin=planned.origin, defaults=values)[0]


def release(*, origins: Iterable[str] = (), grants: Iterable[str] = ()) -> int:
    """Say that planned use is over, because its grant ended or was given back; how many that were."""
    rows = Commitment.objects.filter(over=False)
    return rows.filter(origin__in=list(origins)).update(over=True) + rows.filter(
        grant__in=[one for one in grants if one]
    ).update(over=True)


def open_commitments(teams: Sequence[str], period: Period) -> list[Commitment]:
    """Planned use of teams that reaches into a period, is not over, and has not started: one query."""
    rows = Commitment.objects.filter(
        team__in=list(teams), over=False, starts__lt=period.after, ends__gt=period.first
    )
    found = list(rows.order_by("starts", "pk"))
    started = _started(found)
    return [one for one in found if one.origin not in started and one.grant not in started]


def committed_of(teams: Sequence[str], period: Period) -> Decimal:
    """What planned use that has not started will cost within a period (F16), evenly over its days."""
    return sum((part_of(one, period) for one in open_commitments(teams, period)), ZERO)


def part_of(planned: Commitment, period: Period) -> Decimal:
    """The part of one commitment that falls into a period, by days, to the cent; zero without a price."""
    days = (min(planned.ends, period.after) - max(planned.starts, period.first)).days
    if planned.amount is None or days <= 0:
        return ZERO
    return (planned.amount * days / (planned.ends - planned.starts).days).quantize(CENT)


def _started(rows: Sequence[Commitment]) -> set[str]:
    """Requests and grants among these that held anything yet."""
    origins, grants = [one.origin for one in rows], [one.grant for one in rows if one.grant]
    if not rows:
        return set()
    found = ask(
        'SELECT request FROM costs_usagekey WHERE request = ANY(%s) UNION SELECT "grant" FROM costs_usagekey'
        ' WHERE "grant" = ANY(%s)',
        [origins, grants],
    )
    return {name for (name,) in found}
