"""Harbor's webhooks: proven by Harbor project, pulls written exactly once and tied to people and grants."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus

import structlog
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter

from audit.pulls.counting import bounded
from audit.pulls.notifications import Report, WholePull
from audit.pulls.services import Attribution, record_reports
from grants.catalogue.models import Registry
from grants.connectors.errors import Malformed, Permanent
from grants.connectors.harbor_names import MEMBER, PERSON, holder_of, project_of
from grants.connectors.harbor_pulls import MOST_BYTES, SCANNED, HarborEvent, project_proven, read_events
from grants.directory.models import Person, Project
from grants.lifecycle.access import AccessRow, live_access
from grants.lifecycle.models import Grant
from portal.targets import secret
from portal.webhooks.tasks import read_harbor_scan

WEBHOOKS = Counter("purser_harbor_webhooks", "Harbor's webhooks by what became of them", ["outcome"])
OLDEST = timedelta(days=7)
"""Harbor tells within seconds, and three times at most. Its header is known to who administers the Harbor project."""
log = structlog.get_logger(__name__)


# No cookie is read here: a Harbor project proves itself by the header Purser gave its webhook.
@csrf_exempt
@require_POST
def harbor_webhook(request: HttpRequest, target: str) -> HttpResponse:
    """Take one webhook in. Harbor sends it three times at most; one that is refused is counted and said in the log."""
    if _length(request) > MOST_BYTES:
        return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is longer than {MOST_BYTES} bytes.")
    registry = Registry.objects.filter(key=target, kind="harbor").first()
    project = _proven(request, registry) if registry else None
    if registry is None or project is None:
        return _refused(HTTPStatus.UNAUTHORIZED, "The header is missing or wrong.")
    try:
        events = [event for event in read_events(request.body) if _is_about(event, project)]
    except Malformed as error:
        return _refused(HTTPStatus.BAD_REQUEST, str(error))
    new = take(events, registry=registry, now=timezone.now())
    WEBHOOKS.labels("taken").inc()
    return JsonResponse({"new": new}, status=HTTPStatus.ACCEPTED)


def take(events: Sequence[HarborEvent], *, registry: Registry, now: datetime) -> int:
    """Write what was pulled and pushed, and have read what was scanned; how many rows were new. Repeats change nothing.

    Writes `audit.pulls` rows; wakes the reading of scan reports.
    """
    for event in events:
        if event.kind == SCANNED:
            # Robust and without retries: when the broker is down, the regular reading finds the report later.
            given = [registry.key, event.repository, event.digest]
            transaction.on_commit(partial(read_harbor_scan.apply_async, given, retry=False), robust=True)
    own = str(registry.options.get("username", ""))
    told = [_report(event, own=own) for event in events if event.kind != SCANNED]
    reports = [bounded(report, now=now, oldest=OLDEST) for report in told]
    # A webhook tells of one moment: its first event's is that of all.
    at = min((report.timestamp for report in reports), default=now)

    def attribute(pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Attribution]:
        found = {pair: _attribution(*pair, registry=registry, at=at) for pair in set(pairs)}
        return {pair: who for pair, who in found.items() if who}

    return record_reports(registry=registry.key, reports=reports, attribute=attribute, now=now)


def _report(event: HarborEvent, *, own: str) -> Report:
    """The event as the log takes it. Harbor's scanner, and Purser itself reading the catalogue, pull nothing."""
    return WholePull.model_validate(
        {
            "id": event.id,
            "timestamp": event.at,
            "action": event.kind,
            "target": {"repository": event.repository, "digest": event.digest, "tag": event.tag},
            "actor": {"name": event.operator},
            "genuine": not event.by_scanner and event.operator != own,
        }
    )


def _attribution(operator: str, repository: str, *, registry: Registry, at: datetime) -> Attribution | None:
    """Whom a robot of ours stands for, and the grant that allowed it then; none for whoever else pulls there."""
    options = registry.options
    prefixes = {
        "prefix": options.get("prefix", "purser"),
        "robot_prefix": options.get("robot_prefix", "robot$"),
    }
    held = holder_of(operator, **prefixes)
    if held is None:
        return None
    kind, key = held
    return (
        _of_person(key, repository, registry, at)
        if kind == MEMBER
        else _of_project(key, repository, registry, at)
    )


def _of_person(label: str, repository: str, registry: Registry, at: datetime) -> Attribution | None:
    person = Person.objects.filter(pk=int(label.removeprefix(PERSON)[:18])).first()
    if person is None:
        return None
    rows = live_access(person_id=person.pk, repositories=[repository], registry_id=registry.pk, at=at)
    grant = _grant(rows)
    if grant is None:
        return Attribution(person=label, person_name=person.name)
    return _granted(grant, person=label, name=person.name)


def _of_project(key: str, repository: str, registry: Registry, at: datetime) -> Attribution | None:
    # `fraud.gpu`: the workloads of one cluster are the project's like all others.
    project = Project.objects.filter(key=key.partition(".")[0]).select_related("team").first()
    if project is None:
        return None
    rows = live_access(project_id=project.pk, repositories=[repository], registry_id=registry.pk, at=at)
    grant = _grant(rows)
    if grant is None:
        return Attribution(person_name=project.name, project=project.key, team=project.team.key)
    return _granted(grant, person="", name=project.name)


def _grant(rows: Sequence[AccessRow]) -> Grant | None:
    """The grant that lasts longest, if any allows it. Without one, the robot reached beyond what was granted."""
    if not rows:
        return None
    longest = max(rows, key=lambda row: (row.ends, row.grant_id))
    return Grant.objects.filter(pk=longest.grant_id).select_related("project__team").first()


def _granted(grant: Grant, *, person: str, name: str) -> Attribution:
    return Attribution(
        person=person,
        person_name=name,
        project=grant.project.key,
        team=grant.project.team.key,
        grant=grant.label,
    )


def _is_about(event: HarborEvent, project: str) -> bool:
    """Whether it is about the project that told it: by both names, as either is only what the sender wrote."""
    return event.project == project and project_of(event.repository) == project


def _proven(request: HttpRequest, registry: Registry) -> str | None:
    try:
        known = secret(registry.options.get("webhook_secret"))
    except Permanent as error:
        log.warning("harbor_webhook_secret_missing", registry=registry.key, reason=str(error))
        return None
    header = request.headers.get("Authorization", "")
    # Several, separated by commas, while a secret is changed.
    return project_proven(header, secrets=known.split(","), target=registry.key)


def _length(request: HttpRequest) -> int:
    """What the sender says, so that nothing too long is read; servers hold it to that."""
    given = request.headers.get("Content-Length", "")
    return int(given) if given.isdecimal() else 0


def _refused(status: HTTPStatus, detail: str) -> HttpResponse:
    WEBHOOKS.labels(str(status.value)).inc()
    log.warning("harbor_webhook_refused", status=status.value, reason=detail)
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return JsonResponse(problem, status=status, content_type="application/problem+json")
