"""Making and ending pull credentials. A secret is returned once and never stored."""

import re
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.directory.models import Person, Project
from grants.directory.roles import ProjectState
from grants.tokens.errors import CredentialError
from grants.tokens.models import Credential
from grants.tokens.secrets import digest_of, new_secret

PERSONAL_PREFIX, ROBOT_PREFIX = "purp_", "purr_"
MOST_HOURS, MOST_DAYS = 24 * 30, 90
ROBOT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def create_personal(*, person: Person, hours: int, by: Actor, now: datetime) -> tuple[Credential, str]:
    """A pull token of a person's own, for `hours` (1 to 720); returns it with its secret, shown once.

    Records `grants.credential.created`. Raises CredentialError for a disabled person or a length out of bounds.
    """
    if not person.active:
        raise CredentialError("person_disabled", _("This person is disabled"))
    if not 1 <= hours <= MOST_HOURS:
        raise CredentialError("bad_hours", _("Choose between 1 and %(most)s hours") % {"most": MOST_HOURS})
    secret = new_secret(PERSONAL_PREFIX)
    with audited(by=by):
        credential = _create(
            secret, person=person, login=person.user_name, ends=now + timedelta(hours=hours), by=by, now=now
        )
    return credential, secret


def create_robot(
    *, project: Project, name: str, days: int, by: Actor, now: datetime
) -> tuple[Credential, str]:
    """A project's robot credential, for `days` (1 to 90); it may use what the project's live grants allow.

    The login is `robot$<project>+<name>`. Making one of the same name again replaces it: the old secret is
    refused from then on. Records `grants.credential.created`. Raises CredentialError.
    """
    if project.state != ProjectState.OPEN:
        raise CredentialError("project_closed", _("This project is closed"))
    if not ROBOT_NAME.fullmatch(name):
        raise CredentialError("bad_name", _("Use up to 40 small letters, digits and hyphens"))
    if not 1 <= days <= MOST_DAYS:
        raise CredentialError("bad_days", _("Choose between 1 and %(most)s days") % {"most": MOST_DAYS})
    secret = new_secret(ROBOT_PREFIX)
    with audited(by=by):
        Project.objects.select_for_update(no_key=True, of=("self",)).get(pk=project.pk)
        for old in Credential.objects.filter(project=project, name=name, revoked_at=None):
            _revoke(old, now=now)
        login = f"robot${project.key}+{name}"
        ends = now + timedelta(days=days)
        credential = _create(secret, project=project, name=name, login=login, ends=ends, by=by, now=now)
    return credential, secret


def revoke_credential(*, credential: Credential, by: Actor, now: datetime) -> Credential:
    """Refuse the credential from now on. Records `grants.credential.revoked`; a second time changes nothing."""
    with audited(by=by):
        locked = Credential.objects.select_for_update(no_key=True, of=("self",)).get(pk=credential.pk)
        if locked.revoked_at is None:
            _revoke(locked, now=now)
    return locked


def revoke_of_person(*, person_id: int, by: Actor, now: datetime) -> int:
    """Refuse every credential of a person from now on, also when they are enabled again; how many those were.

    Records `grants.credential.revoked` each.
    """
    with audited(by=by):
        live = Credential.objects.filter(person_id=person_id, revoked_at=None).order_by("pk")
        credentials = list(live.select_for_update(no_key=True, of=("self",)))
        for credential in credentials:
            _revoke(credential, now=now)
    return len(credentials)


def _create(
    secret: str,
    *,
    login: str,
    ends: datetime,
    by: Actor,
    now: datetime,
    person: Person | None = None,
    project: Project | None = None,
    name: str = "",
) -> Credential:
    credential = Credential.objects.create(
        person=person,
        project=project,
        name=name,
        login=login.lower(),
        digest=digest_of(secret),
        prefix=secret[:9],
        created_at=now,
        created_by=by.name,
        expires_at=ends,
    )
    _record("created", credential, {"expires": ends.isoformat(), "prefix": credential.prefix})
    return credential


def _revoke(credential: Credential, *, now: datetime) -> None:
    credential.revoked_at = now
    credential.save(update_fields=["revoked_at"])
    _record("revoked", credential, {"prefix": credential.prefix})


def _record(verb: str, credential: Credential, detail: dict[str, object]) -> None:
    project = credential.project
    record(
        f"grants.credential.{verb}",
        subject=f"credential:{credential.pk}",
        person=f"person:{credential.person_id}" if credential.person_id else "",
        project=project.key if project else "",
        team=project.team.key if project else "",
        detail={"login": credential.login, **detail},  # type: ignore[dict-item]
    )
