"""Filling an empty Purser with the demo's organisation, through the same services that people use."""

import base64
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings

from audit.ledger.actors import operator
from grants.catalogue.models import Image, Registry
from grants.catalogue.readers import reader_for
from grants.catalogue.registries import keep_registry
from grants.catalogue.services import block_image, restrict_image, upload_scan
from grants.catalogue.sync import sync_registry
from grants.directory.importing import import_directory
from grants.directory.models import Person
from grants.directory.roles import ADMINISTRATOR
from grants.tokens.decision import Access
from grants.tokens.probing import signer
from portal.accounts.models import ApiToken
from portal.accounts.tokens import create_token, revoke_token
from portal.sandbox.images import push_image
from portal.sandbox.organisation.costs import seed_costs
from portal.sandbox.organisation.images import SAMPLES, Sample, report_of
from portal.sandbox.organisation.people import (
    CAN_SIGN_IN,
    ISSUES,
    PROJECTS_CSV,
    TEAMS_CSV,
    people_csv,
    residents,
)
from portal.sandbox.organisation.targets import seed_targets

SEEDER = operator("demo")
FRESH = timedelta(days=7)
TOKEN_NAME = "demo.json"  # noqa: S105 - a name, not a secret


class SeedError(Exception):
    """The demo's organisation cannot be filled in; `str()` says why."""


def seed(*, now: datetime, targets: Path | None = None, sources: Path | None = None) -> dict[str, Any]:
    """Fill in what is missing; a second run changes nothing but the scripts' tokens.

    targets: a file of further targets, which are stand-ins; sources: one of where GPU usage comes from.
    Returns `claims` (for the identity provider), `people` by role with a fresh API token, `issues` by project.
    """
    seed_directory(now=now)
    seed_issues()
    seed_images(now=now)
    if targets is not None:
        seed_targets(targets, by=SEEDER, now=now)
    if sources is not None:
        seed_costs(sources, registry=settings.REGISTRY["host"], by=SEEDER, now=now)
    return {
        "claims": [person.claims for person in CAN_SIGN_IN],
        "people": {person.seat: _person(person.user_name, now=now) for person in CAN_SIGN_IN if person.seat},
        "issues": {project: key for project, (key, _) in ISSUES.items()},
    }


def seed_directory(*, now: datetime) -> None:
    """Teams, people and projects, imported as files."""
    files = {
        "teams.csv": TEAMS_CSV,
        "people.csv": people_csv(residents()),
        "projects.csv": PROJECTS_CSV,
    }
    for name, text in files.items():
        report = import_directory(data=text.encode(), filename=name, by=SEEDER, now=now)
        if report.faults:
            raise SeedError(f"{name}: {report.faults[0]}")


def seed_issues() -> None:
    """The projects' issues, in the Jira stand-in."""
    jira = settings.JIRA
    pair = base64.b64encode(f"{jira['user']}:{jira['token']}".encode()).decode()
    issues = [{"key": key, "summary": summary} for key, summary in ISSUES.values()]
    answer = httpx.post(
        f"{jira['base_url']}/sandbox/issues",
        json={"issues": issues},
        headers={"Authorization": f"Basic {pair}"},
        timeout=10,
        trust_env=False,
    )
    answer.raise_for_status()


def seed_images(*, now: datetime) -> None:
    """Push the images, read the registry, upload the reports, mark what is restricted or blocked."""
    registry = _registry()
    digests = {
        sample.repository: push_image(
            registry.api_url, sample.repository, sample.tags, sample.build(), _push_token
        )
        for sample in SAMPLES
    }
    sync_registry(registry=registry, client=reader_for(registry), by=SEEDER, now=now)
    images = {image.repository: image for image in Image.objects.filter(registry=registry)}
    for sample in SAMPLES:
        _describe(images[sample.repository], sample, digests[sample.repository], now=now)


def _registry() -> Registry:
    wanted: Mapping[str, str] = settings.REGISTRY
    fields = {name: wanted[name] for name in ("key", "name", "host", "api_url", "service")}
    registry, _changed = keep_registry(**fields, by=SEEDER)
    return registry


def _push_token(scopes: list[str]) -> str:
    # The demo's images come from outside Purser, so nobody's grant stands behind this push.
    access = [_access(scope) for scope in scopes]
    now = int(time.time())
    service = settings.REGISTRY["service"]
    return signer().sign(
        subject="~purser:demo", audience=service, jti="demo", access=access, expiry=now + 120, now=now
    )


def _access(scope: str) -> Access:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return Access(name, tuple(actions.split(",")), None, type=kind)


def _describe(image: Image, sample: Sample, digest: str, *, now: datetime) -> None:
    newest = image.versions.get(digest=digest).scans.order_by("-scanned_at").first()
    if newest is None or now - newest.scanned_at > FRESH:
        report = report_of(sample, image.registry.host, digest, now=now)
        upload_scan(image=image, report=report, by=SEEDER, now=now)
    if sample.restricted and not image.restricted:
        restrict_image(image=image, reason=sample.restricted, by=SEEDER, now=now)
    if sample.blocked and not image.blocked:
        block_image(image=image, reason=sample.blocked, by=SEEDER, now=now)


def _person(user_name: str, *, now: datetime) -> dict[str, str]:
    person = Person.objects.get(user_name=user_name)
    address = person.addresses.order_by("-primary", "pk").first()
    for old in ApiToken.objects.filter(person=person, name=TOKEN_NAME, revoked_at=None):
        revoke_token(token=old, by=SEEDER, now=now)
    administrator = person.roles.filter(role=ADMINISTRATOR).exists()
    scopes = ("read", "write", "admin") if administrator else ("read", "write")
    _token, secret = create_token(person=person, name=TOKEN_NAME, scopes=scopes, days=30, by=SEEDER, now=now)
    return {"email": address.address if address else "", "name": person.name, "token": secret}
