"""What planned use will cost, and how such estimates turned out (figure F20)."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from audit.costs import figures
from audit.costs.models import Commitment, Rate
from audit.costs.narrowing import SUMS, ask, sums_of
from audit.costs.planning import Accuracy, Estimate, Outcome
from audit.costs.pricing import RateCard, RateRow
from audit.costs.records import PricingClass
from audit.costs.settings import cost_settings
from audit.costs.standings import rate_version
from audit.costs.types import Sums

CENT = Decimal("0.01")


def estimate(
    *, people: int, hours_per_week: Decimal, weeks: Decimal, gpu_type: str, day: date, cluster: str = ""
) -> Estimate:
    """What so many people using GPUs so many hours a week will cost at the on-demand price of `day` (F20)."""
    hours = figures.estimate_hours(people=people, hours_per_week=hours_per_week, weeks=weeks)
    rate = price_of(gpu_type=gpu_type, day=day, cluster=cluster)
    return Estimate(
        people=people,
        hours_per_week=hours_per_week,
        weeks=weeks,
        gpu_type=gpu_type,
        day=day,
        hours=hours,
        rate=rate,
        rate_version=rate_version(),
        currency=cost_settings().currency,
        amount=None if rate is None else (hours * rate).quantize(CENT),
    )


def price_of(*, gpu_type: str, day: date, cluster: str = "") -> Decimal | None:
    """The on-demand price of a GPU hour on a day; None: there is none."""
    rows = Rate.objects.filter(gpu_type=gpu_type).values_list(
        "gpu_type", "from_day", "price", "cluster", "pricing_class", "revision__number"
    )
    card = RateCard(RateRow(*row) for row in rows)
    return card.price(gpu_type=gpu_type, cluster=cluster, pricing_class=PricingClass.ON_DEMAND, day=day)


def accuracy(team: str, *, most: int = 50) -> Accuracy:
    """How the latest estimates of a team turned out; the median counts those whose use is over: two queries."""
    found = outcomes(Commitment.objects.filter(team=team).order_by("-starts", "-pk")[:most])
    ratios = [one.ratio for one in found if one.over and one.ratio is not None]
    return Accuracy(team, figures.estimate_accuracy(ratios), tuple(found))


def outcome(origin: str) -> Outcome | None:
    """What became of one estimate, by what it was made for (`request:42`); None: nothing was estimated."""
    found = outcomes(Commitment.objects.filter(origin=origin))
    return found[0] if found else None


def outcomes(commitments: Iterable[Commitment]) -> list[Outcome]:
    """Each commitment beside the use of its request or grant, whoever's it was: one query more."""
    rows = list(commitments)
    held = _held([one.origin for one in rows], [one.grant for one in rows if one.grant])
    return [
        Outcome(
            one.origin, one.grant, one.project, one.gpu_type, one.hours, one.amount,
            held.get(one.origin, Sums()) + held.get(one.grant, Sums()), one.starts, one.ends, one.over,
        )
        for one in rows
    ]  # fmt: skip


def _held(requests: list[str], grants: list[str]) -> dict[str, Sums]:
    """Use by request, and by grant where no request is known: each row counts once."""
    found = ask(
        """WITH k AS (
            SELECT id, request AS name FROM costs_usagekey WHERE request = ANY(%s)
            UNION ALL SELECT id, "grant" FROM costs_usagekey WHERE "grant" = ANY(%s) AND request <> ALL(%s))
        SELECT k.name, {sums} FROM k JOIN costs_daytotal d ON d.key_id = k.id GROUP BY 1""",
        [requests, grants, requests],
        sums=SUMS,
    )
    return {name: sums_of(sums) for name, *sums in found}
