"""Signals of lower rooms, connected to what higher rooms do about them, and who makes what for whom."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.models.signals import post_migrate

from approvals.requests.signals import request_changed
from audit.costs.signals import anomaly_found, budget_reached, costs_changed, violations_found
from audit.ledger.actors import Actor
from audit.ledger.rights import APPEND_ONLY_TABLES, grant_rights
from audit.pulls.signals import pulls_recorded
from grants.catalogue import readers
from grants.catalogue.models import Image, Registry
from grants.catalogue.signals import catalogue_changed, image_blocked, target_changed
from grants.connectors.distribution import DistributionConnector
from grants.connectors.errors import NotFound
from grants.connectors.registry import RegistryClient
from grants.delivery import targets
from grants.delivery.services import plan_project, plan_rows, renew_rows
from grants.delivery.signals import delivery_changed, drift_changed
from grants.delivery.tasks import wake, wake_all
from grants.directory.leaving import Leaving, register_gate
from grants.directory.models import Person, Project, Team
from grants.directory.signals import person_disabled, person_left_team, project_changed, projects_closed
from grants.lifecycle.consequences import end_projects, image_going, people_leaving
from grants.lifecycle.services import end_image, remove_member
from grants.lifecycle.signals import brake_changed, grant_changed
from grants.lifecycle.states import Trigger
from grants.tokens.models import Credential
from grants.tokens.probing import RegistryTokens
from grants.tokens.services import revoke_of_person
from grants.tracker.services import brake_decided
from grants.tracker.signals import project_done, project_end_moved, project_end_near, project_reopened
from portal import cost_book, cost_sources, cost_wiring
from portal import readers as other_readers
from portal import targets as keeping_targets
from portal.live import receivers as live
from portal.notify import costs as notify_costs
from portal.notify import drift as notify_drift
from portal.notify import receivers as notify
from portal.pages.pullhelp.probe import use_probe

APPEND_ONLY = (
    *APPEND_ONLY_TABLES,
    "pulls_pull",
    "pulls_pullbatch",
    "tokens_issuedtoken",
    "tokens_tokenbatch",
)
"""Written once by the application, like the ledger, though not chained row by row."""
REGISTRY_SECONDS = 5.0
"""The longest silence of a registry that delivery and the catalogue put up with."""


def connect() -> None:
    """Connect everything. Called once, when the applications are ready."""
    post_migrate.connect(_grant_rights, dispatch_uid="purser.rights")
    targets.register("distribution", registry_connector)
    keeping_targets.register()
    targets.register_principals(robots_of)
    readers.register_reader("distribution", registry_reader)
    other_readers.register()
    cost_sources.register()
    cost_book.register()
    use_probe(registry_agrees)
    _connect_consequences()
    _connect_notices()
    cost_wiring.connect()


def _connect_consequences() -> None:
    person_disabled.connect(_person_disabled, dispatch_uid="purser.member_disabled")
    person_left_team.connect(_person_left_team, dispatch_uid="purser.member_left")
    project_changed.connect(_project_changed, dispatch_uid="purser.project_changed")
    projects_closed.connect(_projects_closed, dispatch_uid="purser.projects_closed")
    register_gate(_leaving)
    image_blocked.connect(_image_blocked, dispatch_uid="purser.image_blocked")
    grant_changed.connect(_deliver, dispatch_uid="purser.delivery")
    target_changed.connect(_target_changed, dispatch_uid="purser.target_changed")
    brake_changed.connect(brake_decided, dispatch_uid="purser.brake_tracker")


def _connect_notices() -> None:
    request_changed.connect(notify.request_changed, dispatch_uid="purser.notify_request")
    grant_changed.connect(notify.grant_changed, dispatch_uid="purser.notify_grant")
    drift_changed.connect(notify_drift.drift_changed, dispatch_uid="purser.notify_drift")
    project_done.connect(notify.project_done, dispatch_uid="purser.notify_project_done")
    project_reopened.connect(notify.project_reopened, dispatch_uid="purser.notify_project_reopened")
    project_end_near.connect(notify.project_end_near, dispatch_uid="purser.notify_project_end_near")
    project_end_moved.connect(notify.project_end_moved, dispatch_uid="purser.notify_project_end_moved")
    brake_changed.connect(notify.brake_changed, dispatch_uid="purser.notify_brake")
    brake_changed.connect(live.brake_changed, dispatch_uid="purser.live_brake")
    request_changed.connect(live.request_changed, dispatch_uid="purser.live_request")
    grant_changed.connect(live.grant_changed, dispatch_uid="purser.live_grant")
    delivery_changed.connect(live.delivery_changed, dispatch_uid="purser.live_delivery")
    pulls_recorded.connect(live.pulls_recorded, dispatch_uid="purser.live_pulls")
    catalogue_changed.connect(live.catalogue_changed, dispatch_uid="purser.live_catalogue")
    budget_reached.connect(notify_costs.budget_reached, dispatch_uid="purser.notify_budget")
    anomaly_found.connect(notify_costs.anomaly_found, dispatch_uid="purser.notify_anomaly")
    violations_found.connect(notify_costs.violations_found, dispatch_uid="purser.notify_violations")
    costs_changed.connect(live.costs_changed, dispatch_uid="purser.live_costs")
    person_disabled.connect(live.person_disabled, dispatch_uid="purser.live_disabled")


def registry_connector(registry: Registry) -> DistributionConnector:
    """The connector of one Distribution registry, deciding and signing as the token service does."""
    tokens = RegistryTokens(registry)
    return DistributionConnector(
        RegistryClient(registry.api_url, token_for=tokens.reading, timeout=REGISTRY_SECONDS),
        decide=tokens.decide,
        mint=tokens.mint,
        outstanding_until=tokens.outstanding_until,
    )


def registry_reader(registry: Registry) -> RegistryClient:
    """A client that reads one Distribution registry for the catalogue."""
    tokens = RegistryTokens(registry)
    return RegistryClient(registry.api_url, token_for=tokens.reading, timeout=REGISTRY_SECONDS)


def registry_agrees(image: Image, tag: str) -> bool:
    """Whether the registry itself has this tag or digest of the image now. Raises ConnectorError."""
    with registry_reader(image.registry) as client:
        try:
            client.head_manifest(image.repository, tag)
        except NotFound:
            return False
    return True


def robots_of(project_id: int) -> Iterable[str]:
    """The project's live robots, as principals of its grants."""
    live_robots = Credential.objects.filter(project_id=project_id, revoked_at=None)
    return [f"robot:{pk}" for pk in live_robots.values_list("pk", flat=True)]


def _person_disabled(person_id: int, by: Actor, now: datetime, **_kwargs: Any) -> None:
    revoke_of_person(person_id=person_id, by=by, now=now)
    remove_member(person=Person.objects.get(pk=person_id), by=by, now=now)


def _person_left_team(person_id: int, team_id: int, by: Actor, now: datetime, **_kwargs: Any) -> None:
    remove_member(person=Person.objects.get(pk=person_id), team=Team.objects.get(pk=team_id), by=by, now=now)


def _projects_closed(project_ids: list[int], by: Actor, now: datetime, **_kwargs: Any) -> None:
    closed = list(Project.objects.filter(pk__in=project_ids).order_by("pk"))
    end_projects(projects=closed, kind=Trigger.CLOSING, by=by, now=now)


def _project_changed(project_id: int, now: datetime, **_kwargs: Any) -> None:
    plan_project(project_id=project_id, now=now)
    wake()


def _target_changed(**_kwargs: Any) -> None:
    wake_all()


def _leaving(leaving: Leaving, by: Actor, now: datetime) -> frozenset[int]:
    return people_leaving(disabled=leaving.disabled, left=leaving.left, source=leaving.source, by=by, now=now)


def _image_blocked(image_id: int, by: Actor, now: datetime, security: bool, **_kwargs: Any) -> None:
    image = Image.objects.select_related("registry").get(pk=image_id)
    if security:
        end_image(image=image, by=by, now=now)
    else:
        image_going(image=image, by=by, now=now)


def _deliver(grant_id: int, event: str, now: datetime, **_kwargs: Any) -> None:
    plan_rows(grant_id=grant_id, now=now)
    if event == "extended":
        renew_rows(grant_id=grant_id, now=now)
    wake()


def _grant_rights(using: str, **_kwargs: Any) -> None:
    # Runs after each app's migration, as the owner: the application's role gets rights on the new tables.
    connection = connections[using]
    if connection.settings_dict["USER"] != settings.DATABASE_APP_ROLE:
        grant_rights(connection, settings.DATABASE_APP_ROLE, append_only=APPEND_ONLY)
