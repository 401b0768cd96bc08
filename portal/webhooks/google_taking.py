"""Pulls that Google's audit logs tell of, written exactly once and tied to who held what at that moment."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from audit.pulls.counting import OLDEST
from audit.pulls.notifications import WholePull
from audit.pulls.services import NOBODY, Attribution, record_attributed
from grants.catalogue.models import Registry
from grants.connectors.google_names import GCR_PLACES, account_base, account_base_of
from grants.connectors.google_pulls import GooglePull
from grants.directory.models import EmailAddress, Person, Project
from grants.lifecycle.selectors import HeldOnce, held_once

AFTERWARDS = timedelta(minutes=10)
"""Google may act on what was taken away so late: a pull within it still is by that grant."""


def is_about(pull: GooglePull, registry: Registry) -> bool:
    """Whether the pull was at this registry: one sink may tell of every location of a Google project."""
    options = registry.options
    host = str(options.get("host", ""))
    location = GCR_PLACES[host][0] if host in GCR_PLACES else options.get("location")
    told = (pull.project or options.get("project"), pull.location or location)
    return told == (options.get("project"), location)


def take(pulls: Iterable[GooglePull], *, registry: Registry, now: datetime) -> int:
    """Write the pulls; how many rows were new. Copies of a line change nothing. Writes `audit.pulls` rows."""
    wanted = [pull for pull in pulls if is_about(pull, registry)]
    owners = Owners(registry)
    who = {pull.id: owners.of(pull) for pull in wanted}
    reports = [_report(pull, genuine=not owners.is_own(pull.actor)) for pull in wanted]
    return record_attributed(registry=registry.key, reports=reports, who=who, now=now)


def is_too_old(pull: GooglePull, *, now: datetime) -> bool:
    """Whether the pull log takes nothing from so long ago."""
    return pull.at < now - OLDEST


class Owners:
    """Whom Google's principals stand for at one registry; each is looked up once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._account_project = str(
            registry.options.get("account_project") or registry.options.get("project", "")
        )
        self._own = str(registry.options.get("portal_account", "")).lower()
        self._known: dict[str, tuple[Attribution, Sequence[HeldOnce]]] = {}

    def is_own(self, actor: str) -> bool:
        """Whether Purser itself looked."""
        return bool(self._own) and actor.lower() == self._own

    def of(self, pull: GooglePull) -> Attribution:
        """The person or project behind a pull, and the grant that allowed it then, where they are known."""
        actor = pull.actor.lower()
        if actor not in self._known:
            self._known[actor] = self._looked_up(actor)
        who, held = self._known[actor]
        by = [one for one in held if one.repository == pull.repository and _covers(one, pull.at)]
        if not by:
            return who
        grant = max(by, key=lambda one: (one.until, one.grant.pk)).grant
        project = grant.project
        return Attribution(
            person=who.person,
            person_name=who.person_name or project.name,
            project=project.key,
            team=project.team.key,
            grant=grant.label,
        )

    def _looked_up(self, actor: str) -> tuple[Attribution, Sequence[HeldOnce]]:
        if base := account_base_of(actor, project=self._account_project):
            return self._of_project(base)
        found = EmailAddress.objects.filter(address=actor, verified=True).select_related("person").first()
        return self._of_person(found.person) if found else (NOBODY, ())

    def _of_person(self, person: Person) -> tuple[Attribution, Sequence[HeldOnce]]:
        held = held_once(registry_id=self._registry.pk, person_id=person.pk)
        return Attribution(person=person.label, person_name=person.name), held

    def _of_project(self, base: str) -> tuple[Attribution, Sequence[HeldOnce]]:
        keys = Project.objects.order_by("pk").values_list("key", flat=True)
        key = next((key for key in keys if account_base(key) == base), None)
        project = Project.objects.filter(key=key).select_related("team").first()
        if project is None:
            return NOBODY, ()
        held = held_once(registry_id=self._registry.pk, project_id=project.pk)
        return Attribution(person_name=project.name, project=project.key, team=project.team.key), held


def _covers(one: HeldOnce, at: datetime) -> bool:
    return one.since <= at < one.until + AFTERWARDS


def _report(pull: GooglePull, *, genuine: bool) -> WholePull:
    return WholePull.model_validate(
        {
            "id": pull.id,
            "timestamp": pull.at,
            "action": "pull",
            "target": {"repository": pull.repository, "digest": pull.digest, "tag": pull.tag},
            "request": {"addr": pull.address, "method": pull.method, "useragent": pull.user_agent},
            "actor": {"name": pull.actor},
            "genuine": genuine and pull.method == "GET",
        }
    )
