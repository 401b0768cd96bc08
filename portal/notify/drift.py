"""Who hears of drift: administrators of everything, leads of what only their projects have access at."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from grants.delivery.drift import REPAIR
from grants.delivery.drift_states import What
from grants.delivery.models import Drift
from grants.delivery.targets import target_of
from grants.directory.models import Person
from grants.directory.roles import ADMINISTRATOR
from grants.directory.selectors import leads_of_teams
from portal.notify.kinds import Kind
from portal.notify.services import notify

STOPS = ("fought", "held", "too_little")


def drift_changed(target: str, event: str, drift_ids: list[int], now: datetime, **_kwargs: Any) -> None:
    """Tell of a scan once, with numbers; of a decision about one place by itself."""
    rows = list(Drift.objects.filter(pk__in=drift_ids).order_by("what", "kind", "key"))
    for people, theirs in _audiences(rows):
        kind, doing = _kind_of(event, target, theirs)
        notify(
            people=people,
            kind=kind,
            occasion=f"drift:{target}:{event}:{theirs[0].pk}:{now.isoformat()}",
            now=now,
            params=_params(target, theirs) | {"doing": doing} | _decided(event, theirs[0]),
        )


def _audiences(rows: list[Drift]) -> Iterable[tuple[set[int], list[Drift]]]:
    """Administrators with all rows, then each team's leads with those at places that are their team's alone."""
    administrators = set(
        Person.objects.filter(active=True, roles__role=ADMINISTRATOR).values_list("pk", flat=True)
    )
    if rows and administrators:
        yield administrators, rows
    for team, theirs in _by_team(rows).items():
        leads = set(leads_of_teams([team]).values_list("pk", flat=True)) - administrators
        if leads:
            yield leads, theirs


def _by_team(rows: list[Drift]) -> dict[int, list[Drift]]:
    """The rows at places that one team alone has access at, by that team: the same as its leads may see."""
    at = Drift.projects.through.objects.filter(drift__in=[row.pk for row in rows])
    teams: dict[int, set[int]] = defaultdict(set)
    for drift, team in at.values_list("drift_id", "project__team_id"):
        teams[drift].add(team)
    found: dict[int, list[Drift]] = defaultdict(list)
    for row in rows:
        if len(teams[row.pk]) == 1:
            found[min(teams[row.pk])].append(row)
    return found


def _kind_of(event: str, target: str, rows: list[Drift]) -> tuple[Kind, str]:
    if event == "decided":
        return Kind.DRIFT_DECIDED, ""
    if event in STOPS:
        return Kind.DRIFT_STOPPED, event
    if all(row.what == What.APPEARED for row in rows):
        return Kind.DRIFT_FOUND, "appeared"
    there = target_of(target)
    repairs = there is not None and there.options.get("drift", REPAIR) == REPAIR
    return Kind.DRIFT_FOUND, "repair" if repairs else "report"


def _params(target: str, rows: list[Drift]) -> dict[str, object]:
    there = target_of(target)
    name = there.name if there else target
    return {"target": name, "key": target, "count": len(rows), "subject": f"{rows[0].kind} {rows[0].key}"}


def _decided(event: str, row: Drift) -> dict[str, object]:
    if event != "decided":
        return {}
    return {"actor": row.decided_by, "outcome": row.decision, "text": row.reason}
