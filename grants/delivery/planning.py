"""What Purser would do at a target now: the target is read, nothing is written anywhere."""

from collections.abc import Iterator
from datetime import datetime

from grants.catalogue.models import Registry
from grants.connectors.base import Layout
from grants.connectors.errors import ConnectorError
from grants.delivery.drift_plan import Spot
from grants.delivery.drift_reading import Picture, look_at, picture_of, projects_at
from grants.delivery.drift_records import digest_of_facts, facts_as_json
from grants.delivery.drift_states import LASTING, DriftState
from grants.delivery.holdings import holdings_of_project
from grants.delivery.models import Delivery, Drift
from grants.delivery.plan_steps import Do, Note, PlanStep, TargetPlan, foreign_step, step_of
from grants.delivery.states import OPEN, REMOVING
from grants.delivery.targets import Target, clusters, connector_for, layout_of
from grants.directory.models import Project


def every_target() -> list[Target]:
    """All registries and the clusters in use, by key."""
    rows: list[Target] = [*Registry.objects.all(), *clusters()]
    return sorted(rows, key=lambda row: row.key)


def plan_of(target: Target, *, now: datetime, project: Project | None = None) -> TargetPlan:
    """What is to be done at a target, or at the places of one project there. Outside any transaction.

    Where nothing is kept, what Purser still has to try out there. What the target does not answer is the plan's error.
    """
    layout = layout_of(target)
    if layout is None:
        return TargetPlan(target.key, target.kind, tuple(_to_try(target, project)))
    try:
        look = look_at(target, connector_for(target.key), now=now)
    except ConnectorError as error:
        return TargetPlan(target.key, target.kind, error=error.message)
    picture = picture_of(target, layout, look)
    spots = sorted({*picture.wanted, *look.ours, *look.foreign})
    if project is not None:
        spots = _of_project(project, target, layout, picture, spots)
    return TargetPlan(target.key, target.kind, tuple(_steps(target, picture, spots)))


def _of_project(
    project: Project, target: Target, layout: Layout, picture: Picture, spots: list[Spot]
) -> list[Spot]:
    """Those where the project should have access now, or has or had a line."""
    held = holdings_of_project(project, target)
    wanted = {(place.kind, place.key) for one in held for place in layout.places(one)}
    owners = projects_at(target.key, spots, picture.lines)
    return [spot for spot in spots if spot in wanted or project.pk in owners[spot]]


def _steps(target: Target, picture: Picture, spots: list[Spot]) -> Iterator[PlanStep]:
    ours, foreign = picture.look.ours, picture.look.foreign
    rows = Drift.objects.filter(target=target.key, state__in=LASTING)
    known = {(row.kind, row.key): row for row in rows}
    for spot in spots:
        wanted, seen = picture.wanted.get(spot), ours.get(spot)
        accepted = digest_of_facts(facts_as_json(wanted), facts_as_json(seen))
        note = _note(known.get(spot), accepted, queued=_queued(picture, spot))
        if (step := step_of(spot, wanted, seen, note)) is not None:
            yield step
        if spot in foreign:
            yield foreign_step(spot, foreign[spot])


def _queued(picture: Picture, spot: Spot) -> bool:
    return any(line.status in OPEN for line in picture.lines.get(spot, ()))


def _note(row: Drift | None, accepted: str, *, queued: bool) -> Note:
    if row is not None and row.state in (DriftState.ADOPTED, DriftState.IGNORED) and row.accepted == accepted:
        return Note.ACCEPTED
    if row is not None and row.held_at:
        return Note.HELD
    if row is not None and row.fought_at:
        return Note.FOUGHT
    return Note.QUEUED if queued else Note.NONE


def _to_try(target: Target, project: Project | None) -> Iterator[PlanStep]:
    rows = Delivery.objects.filter(target=target.key, status__in=OPEN)
    if project is not None:
        rows = rows.filter(grant__project=project)
    found: dict[Spot, set[bool]] = {}
    for kind, key, status in rows.values_list("kind", "key", "status"):
        found.setdefault((kind, key), set()).add(status in REMOVING)
    for spot, removing in sorted(found.items()):
        do = Do.CHANGE if len(removing) > 1 else Do.REMOVE if True in removing else Do.ADD
        yield PlanStep(do, *spot, note=Note.QUEUED)
