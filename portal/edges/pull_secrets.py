"""What a person signs in with where Purser's own pull token is not taken: a Harbor robot, a Google access token."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, cast

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.errors import PurserError
from audit.ledger.services import audited, record
from grants.catalogue.models import Registry
from grants.connectors.base import MEMBER_PLACE, Entry
from grants.connectors.errors import ConnectorError, NotFound, Permanent
from grants.connectors.google_names import account_base
from grants.delivery.targets import connector_for
from grants.directory.models import Person
from grants.lifecycle.access import live_access, merged
from grants.lifecycle.models import Grant
from grants.lifecycle.states import ALLOWING

if TYPE_CHECKING:
    from grants.connectors.google import GoogleConnector
    from grants.connectors.harbor import HarborConnector

HARBOR, GOOGLE = "harbor", "google"
OWN_SECRETS = frozenset({HARBOR, GOOGLE})
"""Kinds of registries that do not take a pull token of Purser's."""
GOOGLE_LOGIN = "oauth2accesstoken"
TOKEN_LASTS = timedelta(minutes=10)
"""Of the project's account: whoever is taken out while the project keeps its access pulls on for so long at most."""
MINUTE, MOST_A_MINUTE = 60, 6


class PullSecretError(PurserError):
    """There is none for this grant at this system."""


class NotHolder(PullSecretError):
    """Somebody asks for what only holders of live access are given, for themselves."""

    status: ClassVar[int] = 403


class NotReady(PullSecretError):
    """The system has nothing for the person (yet), or does not answer."""

    status: ClassVar[int] = 409


class TooOften(PullSecretError):
    """One person asked too often."""

    status: ClassVar[int] = 429


@dataclass(frozen=True, slots=True)
class PullSecret:
    """Shown once and kept by nobody. expires: when it ends by itself, UTC."""

    registry: Registry
    username: str
    secret: str = field(repr=False)
    expires: datetime | None


def is_holder(grant: Grant, person: Person, *, now: datetime) -> bool:
    """Whether the person holds this access now."""
    lives = grant.status in ALLOWING and grant.starts <= now < grant.ends
    return lives and any(row.person_id == person.pk and row.removed_at is None for row in grant.members.all())


def pull_secret(*, grant: Grant, target: str, person: Person, by: Actor, now: datetime) -> PullSecret:
    """A secret of the person's own for the images of a grant at a target (its key); the one before may end with it.

    Records `portal.secret.shown`, without the secret. Raises NotHolder, PullSecretError where Purser's own pull
    token is what signs in, NotReady, and TooOften after six in a minute.
    """
    if not is_holder(grant, person, now=now):
        raise NotHolder(
            "not_a_holder", _("Only somebody who holds this access now can see this, for themselves")
        )
    registry = _registry(grant, target)
    _count(person)
    made = _made(registry, grant, person)
    with audited(by=by):
        record(
            "portal.secret.shown",
            subject=grant.label,
            project=grant.project.key,
            team=grant.project.team.key,
            person=person.label,
            detail={"target": registry.key, "login": made.username, "expires": _iso(made.expires)},
        )
    return made


def _registry(grant: Grant, target: str) -> Registry:
    rows = (row.image.registry for row in grant.images.all() if row.removed_at is None)
    found = next((registry for registry in rows if registry.key == target), None)
    if found is None or found.kind not in OWN_SECRETS:
        raise PullSecretError(
            "no_own_secret", _("Sign in there with a pull token, if this access has images there at all")
        )
    return found


def _count(person: Person) -> None:
    key = f"pull-secret:{person.pk}"
    with suppress(ValueError):  # the minute ended between the two calls
        cache.add(key, 0, MINUTE)
        if cache.incr(key) <= MOST_A_MINUTE:
            return
        raise TooOften("too_often", _("You asked for this too often. Wait a minute, then try again"))


def _made(registry: Registry, grant: Grant, person: Person) -> PullSecret:
    said = {"system": registry.name}
    try:
        if registry.kind == HARBOR:
            return _robot(registry, person)
        _check_alone(registry, grant, person)
        return _token(registry, grant)
    except (Permanent, NotFound) as error:
        text = _(
            "%(system)s has nothing for you: the access is still being set up there, or has ended. "
            "Try again in a minute"
        )
        raise NotReady("not_ready", text % said) from error
    except ConnectorError as error:
        text = _("%(system)s does not answer just now. Try again in a minute")
        raise NotReady("silent", text % said) from error


def _robot(registry: Registry, person: Person) -> PullSecret:
    connector = cast("HarborConnector", connector_for(registry.key))
    found = connector.credential(Entry(registry.key, MEMBER_PLACE, person.label))
    return PullSecret(registry, found.username, found.secret, found.expires)


def _check_alone(registry: Registry, grant: Grant, person: Person) -> None:
    """The account stands for all of the project's live grants: only who holds all of that may act as it.

    Raises NotHolder for everybody else: by the token they would pull and push what was granted to others.
    """
    own = merged(live_access(person_id=person.pk, registry_id=registry.pk))
    all_of_it = merged(live_access(project_id=grant.project_id, registry_id=registry.pk))
    if any(image not in own or access.actions - own[image].actions for image, access in all_of_it.items()):
        text = _(
            "The project's account at %(system)s may do more than you: sign in there as yourself, "
            "with “gcloud auth login”"
        )
        raise NotHolder("more_than_yours", text % {"system": registry.name})


def _token(registry: Registry, grant: Grant) -> PullSecret:
    connector = cast("GoogleConnector", connector_for(registry.key))
    token, expires = connector.access_token(account_base(grant.project.key), TOKEN_LASTS)
    return PullSecret(registry, GOOGLE_LOGIN, token, expires)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
