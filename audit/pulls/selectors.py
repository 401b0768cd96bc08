"""Reading the pull log within a scope computed above: this room knows no users."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q, QuerySet

from audit.pulls.models import Pull, PullBatch


@dataclass(frozen=True)
class PullScope:
    """What a viewer may read: everything, or the pulls of some projects, or their own."""

    everything: bool = False
    projects: frozenset[str] = frozenset()
    person: str = ""


@dataclass(frozen=True)
class LastUse:
    """How a grant was used: its newest pull and how many there were in 30 days."""

    last: datetime | None
    recent: int


def pulls_in(scope: PullScope) -> QuerySet[Pull]:
    """The pulls of the scope, newest first."""
    pulls = Pull.objects.order_by("-id")
    if scope.everything:
        return pulls
    mine = Q(person=scope.person) if scope.person else Q(pk__in=[])
    return pulls.filter(mine | Q(project__in=scope.projects))


def counted_pulls(
    pulls: QuerySet[Pull], *, grant: str = "", person: str = "", project: str = ""
) -> QuerySet[Pull]:
    """Those that count as pulls, narrowed to a grant, a person or a project."""
    wanted = {"grant": grant, "person": person, "project": project}
    return pulls.filter(counted=True, **{name: value for name, value in wanted.items() if value})


def use_of_grants(labels: Iterable[str], *, now: datetime) -> dict[str, LastUse]:
    """The use of each grant that was used at all, by label: one query."""
    recent = Count("id", filter=Q(at__gte=now - timedelta(days=30)))
    rows = Pull.objects.filter(grant__in=list(labels), counted=True).values("grant")
    return {
        row["grant"]: LastUse(row["last"], row["recent"])
        for row in rows.annotate(last=Max("at"), recent=recent)
    }


def unsealed_since() -> datetime | None:
    """When the oldest row was received that no sealed run holds yet; None when all are sealed."""
    last = PullBatch.objects.order_by("-last").values_list("last", flat=True).first() or 0
    return Pull.objects.filter(id__gt=last).order_by("id").values_list("received_at", flat=True).first()


def tokens_seen(tokens: Iterable[str]) -> set[str]:
    """Which of these tokens a registry has reported."""
    return set(Pull.objects.filter(token__in=list(tokens)).values_list("token", flat=True))
