"""Imports projects and teams: their keys say which they are, empty cells leave a value as it is."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from audit.ledger.actors import Actor
from audit.ledger.services import record
from grants.directory.models import Project, Team
from grants.directory.projects import MOST, namespaces_taken, tell_changed, write_changes
from grants.directory.roles import ProjectState
from grants.directory.rows import RecordRow, Row, project_row, team_row
from grants.directory.signals import projects_closed
from grants.directory.types import ImportReport


def import_teams(rows: Sequence[Row], by: Actor, now: datetime, apply: bool) -> ImportReport:
    """Make or change the teams of a file, inside the open audited block."""
    read = _read(rows, team_row, "team")
    known = {team.key: team for team in Team.objects.filter(key__in=[row.key for row in read])}
    return _report("teams", rows, read, known, apply, lambda row: _write_team(row, known.get(row.key)))


def import_projects(rows: Sequence[Row], by: Actor, now: datetime, apply: bool) -> ImportReport:
    """Make or change the projects of a file, inside the open audited block; sends `projects_closed` once."""
    read = _read(rows, project_row, "project_key")
    found = Project.objects.select_related("team").filter(key__in=[row.key for row in read])
    found = found.select_for_update(no_key=True, of=("self",)).order_by("pk")
    known = {project.key: project for project in found}
    were_open = {project.key for project in found if project.state == ProjectState.OPEN}
    teams = {team.key: team for team in Team.objects.filter(key__in=[row.team for row in read])}
    for source, row in zip(rows, read, strict=True):
        _check_project(source, row, teams, new=row.key not in known)
    _check_namespaces(rows, read, known)
    if apply and not any(source.faults for source in rows):
        _make_room(read, known)

    def write(row: RecordRow) -> None:
        changed = _write_project(row, known.get(row.key), teams)
        if row.key in known:
            tell_changed(known[row.key], changed, by=by, now=now)

    report = _report("projects", rows, read, known, apply, write)
    if report.applied:
        _tell_closed((known[row.key] for row in read if row.key in were_open), by, now)
    return report


def _tell_closed(projects: Iterable[Project], by: Actor, now: datetime) -> None:
    closed = sorted(project.pk for project in projects if project.state == ProjectState.CLOSED)
    if closed:
        projects_closed.send(None, project_ids=closed, by=by, now=now)


def _read(rows: Sequence[Row], reader: Callable[[Row], RecordRow], column: str) -> list[RecordRow]:
    read = [reader(row) for row in rows]
    counts = Counter(row.key for row in read)
    for source, row in zip(rows, read, strict=True):
        if row.key and counts[row.key] > 1:
            source.fault(column, "repeated", row.key)
    return read


def _check_namespaces(rows: Sequence[Row], read: Sequence[RecordRow], known: Mapping[str, Project]) -> None:
    """A namespace is one open project's alone, among those of the file and those that are there."""
    namespaces = [_after(row, known, "namespace", "") for row in read]
    opened = [_after(row, known, "state", ProjectState.OPEN) == ProjectState.OPEN for row in read]
    taken = namespaces_taken(namespaces, but=[row.key for row in read])
    counts = Counter(name for name, is_open in zip(namespaces, opened, strict=True) if name and is_open)
    for source, name, is_open in zip(rows, namespaces, opened, strict=True):
        if is_open and (name in taken or counts[name] > 1):
            source.fault("namespace", "namespace_taken", name)


def _make_room(read: Sequence[RecordRow], known: Mapping[str, Project]) -> None:
    """Let go of what the file takes away before anybody takes it: two projects may swap their namespaces.

    In the database alone: what each project says then is written, and recorded, by its own line.
    """
    old = [(known[row.key], row) for row in read if row.key in known]
    moving = [one.pk for one, row in old if _after(row, known, "namespace", "") != one.namespace]
    closing = [one.pk for one, row in old if _after(row, known, "state", "") == ProjectState.CLOSED]
    Project.objects.filter(pk__in=moving).update(namespace="")
    Project.objects.filter(pk__in=closing).update(state=ProjectState.CLOSED)


def _after(row: RecordRow, known: Mapping[str, Project], field: str, default: str) -> str:
    """What a project's field will say once the line was read: empty cells leave a value as it is."""
    return str(row.values.get(field, getattr(known[row.key], field) if row.key in known else default))


def _check_project(source: Row, row: RecordRow, teams: Mapping[str, Team], *, new: bool) -> None:
    if row.team and row.team not in teams:
        source.fault("team", "unknown_team", row.team)
    elif new and not row.team and row.key:
        source.fault("team", "missing")
    for name, most in MOST.items():
        if int(row.values.get(name, 0)) > most:
            source.fault(name, "bad_number", str(row.values[name]))


def _report(
    kind: str,
    rows: Sequence[Row],
    read: Sequence[RecordRow],
    known: Mapping[str, Team | Project],
    apply: bool,
    write: Callable[[RecordRow], object],
) -> ImportReport:
    faults = tuple(fault for row in rows for fault in row.faults)
    if faults:
        return ImportReport(kind, len(rows), faults)
    created = sum(row.key not in known for row in read)
    differing = sum(row.key in known and _differs(row, known[row.key]) for row in read)
    if apply:
        for row in read:
            write(row)
    unchanged = len(read) - created - differing
    return ImportReport(
        kind, len(rows), created=created, changed=differing, unchanged=unchanged, applied=apply
    )


def _differs(row: RecordRow, current: Team | Project) -> bool:
    moved = isinstance(current, Project) and row.team not in {"", current.team.key}
    return moved or any(getattr(current, name) != value for name, value in row.values.items())


def _write_team(row: RecordRow, team: Team | None) -> Collection[str]:
    if team:
        return write_changes(team, row.values, kind="grants.team", project="", team=team.key)
    values = {"name": row.key} | row.values
    Team.objects.create(key=row.key, **values)
    record("grants.team.created", subject=f"team:{row.key}", team=row.key, detail=dict(values))
    return values


def _write_project(row: RecordRow, project: Project | None, teams: Mapping[str, Team]) -> Collection[str]:
    if project:
        wanted = dict(row.values) | ({"team": teams[row.team]} if row.team else {})
        return write_changes(
            project, wanted, kind="grants.project", project=project.key, team=row.team or project.team.key
        )
    values = {"name": row.key} | row.values
    Project.objects.create(key=row.key, team=teams[row.team], **values)
    record(
        "grants.project.created",
        subject=f"project:{row.key}",
        project=row.key,
        team=row.team,
        detail=dict(values),
    )
    return values
