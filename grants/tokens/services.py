"""Making and ending pull credentials. A secret is returned once and never stored."""

import re
from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.directory.models import Person, Project
from grants.tokens.errors import CredentialError
from grants.tokens.models import Credential
from grants.tokens.permissions import check_ending, check_personal, check_robot
from grants.tokens.secrets import digest_of, new_secret

PERSONAL_PREFIX, ROBOT_PREFIX = "purp_", "purr_"
MOST_HOURS, MOST_DAYS = 24 * 30, 90
ROBOT_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def create_personal(*, person: Person, hours: int, by: Actor, now: datetime) -> tuple[Credential, str]:
    """A pull token of a person's own, for `hours` (1 to 720); returns it with its secret, shown once.

    For oneself; operators make one for anybody. Records `grants.credential.created`. Raises NotAllowed `not_yours`,
    CredentialError for a disabled person or a length out of bounds.
    """
    check_personal(person, by=by)
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
    refused from then on. For leads of the project's team and administrators. Records `grants.credential.created`.
    Raises NotAllowed `not_a_lead`, CredentialError.
    """
    check_robot(project, by=by)
    if not ROBOT_NAME.fullmatch(name):
        raise CredentialError("bad_name", _("Use up to 40 small letters, digits and hyphens"))
    if not 1 <= days <= MOST_DAYS:
        raise CredentialError("bad_days", _("Choose between 1 and %(most)s days") % {"most": MOST_DAYS})
    secret = new_secret(ROBOT_PREFIX)
    with audited(by=by):
        rows = Project.objects.select_for_update(no_key=True, of=("self",)).select_related("team")
        check_robot(rows.get(pk=project.pk), by=by)
        for old in Credential.objects.filter(project=project, name=name, revoked_at=None):
            _revoke(old, now=now)
        login = f"robot${project.key}+{name}"
        ends = now + timedelta(days=days)
        credential = _create(secret, project=project, name=name, login=login, ends=ends, by=by, now=now)
    return credential, secret


def revoke_credential(*, credential: Credential, by: Actor, now: datetime) -> Credential:
    """Refuse the credential from now on; a second time changes nothing.

    For its owner, for a robot the leads of its project's team, and administrators. Records
    `grants.credential.revoked`. Raises NotAllowed `not_yours` or `not_a_lead`.
    """
    with audited(by=by):
        rows = Credential.objects.select_for_update(no_key=True, of=("self",)).select_related("project__team")
        locked = rows.get(pk=credential.pk)
        check_ending(locked, by=by)
        if locked.revoked_at is None:
            _revoke(locked, now=now)
    return locked


def revoke_of_person(*, person_id: int, by: Actor, now: datetime) -> int:
    """Refuse every credential of a person from now on, also when they are enabled again; how many those were.

    A consequence of disabling them, which was judged. Records `grants.credential.revoked` each.
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
