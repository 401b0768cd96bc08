"""Changes of projects and teams."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.directory.errors import DirectoryError
from grants.directory.models import Project, Team
from grants.directory.roles import ProjectState
from grants.directory.rows import PATTERNS
from grants.directory.signals import project_changed
from grants.directory.types import ProjectChanges

MAX_GRACE_HOURS = 24 * 365
MAX_GPUS = 100_000
TOLD_TO_TARGETS = frozenset({"namespace", "gpu_quota", "confidential"})
MOST = {"grace_hours": MAX_GRACE_HOURS, "notice_days": 365, "max_hold_days": 365, "gpu_quota": MAX_GPUS}
"""Settings that are whole numbers, with the largest of each."""
_FORMS = {
    "jira_project": _("Enter a Jira project key such as AF"),
    "jira_issue": _("Enter a Jira issue key such as AF-12"),
    "namespace": _("Use small letters, digits and hyphens only"),
}


def change_project(*, project: Project, changes: ProjectChanges, by: Actor, now: datetime) -> Project:
    """Change a project's settings and record what changed as `grants.project.changed`.

    Raises DirectoryError (`bad_fields`, detail `{"fields": {name: sentence}}`) with every fault; then nothing is
    changed. Closing a project here does not end its grants: that is `grants.lifecycle.consequences.end_projects`.
    """
    wanted = {name: value for name, value in asdict(changes).items() if value is not None}
    if faults := _faults(wanted) | _namespace_fault(project, wanted):
        raise DirectoryError("bad_fields", _("Some settings cannot be saved."), {"fields": faults})
    with audited(by=by):
        project = Project.objects.select_for_update(no_key=True, of=("self",)).get(pk=project.pk)
        changed = write_changes(
            project, wanted, kind="grants.project", project=project.key, team=project.team.key
        )
        tell_changed(project, changed, by=by, now=now)
    return project


def tell_changed(project: Project, changed: Collection[str], *, by: Actor, now: datetime) -> None:
    """Send `project_changed` when a field changed that targets are told."""
    if TOLD_TO_TARGETS & set(changed):
        project_changed.send(None, project_id=project.pk, by=by, now=now)


def namespaces_taken(namespaces: Iterable[str], *, but: Iterable[str]) -> dict[str, str]:
    """Which of these namespaces belong to an open project, and to which; the projects `but` (keys) do not count.

    A namespace is one project's alone: whoever works in it may use what the project was granted.
    """
    taken = Project.objects.filter(namespace__in=set(namespaces) - {""}, state=ProjectState.OPEN)
    return dict(taken.exclude(key__in=list(but)).values_list("namespace", "key"))


def _namespace_fault(project: Project, wanted: Mapping[str, Any]) -> dict[str, str]:
    namespace = wanted.get("namespace", project.namespace)
    opens = wanted.get("state", project.state) == ProjectState.OPEN
    owner = namespaces_taken([namespace], but=[project.key]).get(namespace) if opens else None
    if owner is None:
        return {}
    return {"namespace": str(_("This namespace belongs to the open project %(key)s") % {"key": owner})}


def write_changes(
    row: Project | Team, wanted: Mapping[str, Any], *, kind: str, project: str, team: str
) -> Collection[str]:
    """Save and record those of the wanted values that differ; returns the names of those."""
    changed = {
        name: [_text(getattr(row, name)), _text(value)]
        for name, value in wanted.items()
        if getattr(row, name) != value
    }
    if changed:
        for name in changed:
            setattr(row, name, wanted[name])
        row.save(update_fields=list(changed))
        subject = f"{row._meta.model_name}:{row.key}"  # noqa: SLF001 - Django's documented name
        record(f"{kind}.changed", subject=subject, project=project, team=team, detail={"changed": changed})
    return changed.keys()


def _text(value: Any) -> Any:
    return value.key if isinstance(value, Team) else value


def _faults(wanted: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, object] = {
        name: sentence
        for name, sentence in _FORMS.items()
        if wanted.get(name) and not PATTERNS[name].fullmatch(str(wanted[name]))
    }
    for name, most in MOST.items():
        value = wanted.get(name, 0)
        if not isinstance(value, int) or not 0 <= value <= most:
            found[name] = _("Enter a whole number from 0 to %(most)s") % {"most": most}
    if not 0 < len(str(wanted.get("name", "-")).strip()) <= 160:
        found["name"] = _("Enter a name of at most 160 characters")
    if wanted.get("state", ProjectState.OPEN) not in list(ProjectState):
        found["state"] = _("Select open or closed")
    return {name: str(sentence) for name, sentence in found.items()}
