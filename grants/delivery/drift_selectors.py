"""Reading drift: what a viewer may see, and how each target stands."""

from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet

from grants.delivery.drift_clock import Looked, scans
from grants.delivery.drift_states import ATTENTION, LASTING, DriftState
from grants.delivery.models import Drift, Episode
from grants.directory.standing import Standing


def drift_visible_to(viewer: Standing | None) -> QuerySet[Drift]:
    """The differences a viewer may see, those seen last first.

    Administrators and auditors see all; leads see those at places that only projects of theirs have access at, since
    the facts of a shared place name other teams' access, too. Nobody else sees any.
    """
    if viewer is None or not viewer.person.active:
        return Drift.objects.none()
    rows = Drift.objects.order_by("-last_seen_at", "-pk")
    if viewer.sees_all:
        return rows
    at = Drift.projects.through.objects.filter(drift_id=OuterRef("pk"))
    others = at.exclude(project__team_id__in=viewer.led_team_ids)
    return rows.filter(Exists(at), ~Exists(others)) if viewer.led_team_ids else Drift.objects.none()


def with_story(rows: QuerySet[Drift]) -> QuerySet[Drift]:
    """The same with their projects and every time they lasted: three queries more."""
    return rows.prefetch_related("projects__team", "episodes")


def newest_episode(row: Drift) -> Episode | None:
    """The last time it lasted, where the story was read along."""
    return next(iter(row.episodes.all()), None)


@dataclass(frozen=True, slots=True)
class TargetDrift:
    """How a target stands: its last scan (None: never), differences by state, those fought over and those held."""

    looked: Looked
    states: dict[str, int]
    fought: int
    held: int

    @property
    def attention(self) -> int:
        """How many places are not as they should be, whoever waits for whom."""
        return sum(self.states.get(state, 0) for state in ATTENTION)


def drift_of_targets() -> list[TargetDrift]:
    """Every target that keeps entries, by key: four queries, however many differences."""
    lasting = Drift.objects.filter(state__in=LASTING)
    states: dict[str, dict[str, int]] = defaultdict(dict)
    for target, state, count in lasting.order_by().values_list("target", "state").annotate(n=Count("pk")):
        states[target][state] = count
    stopped = lasting.filter(state=DriftState.OPEN)
    stops = stopped.order_by().values_list("target").annotate(f=Count("fought_at"), h=Count("held_at"))
    counted = {target: (fought, held) for target, fought, held in stops}
    return [
        TargetDrift(looked, states[looked.target.key], *counted.get(looked.target.key, (0, 0)))
        for looked in scans()
    ]
