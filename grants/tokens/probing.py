"""What the registry's connector must know of tokens: what is decided now, what is still out, and a probe's token."""

import secrets
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings

from audit.pulls.counting import OWN_ACTORS
from grants.catalogue.models import Registry
from grants.lifecycle.access import live_access
from grants.lifecycle.rules import actions_of
from grants.tokens.decision import LEEWAY, Access
from grants.tokens.keys import KeyStore
from grants.tokens.models import Credential
from grants.tokens.selectors import outstanding_until
from grants.tokens.signing import Signer

PROBE_SECONDS = 30


@cache
def key_store() -> KeyStore:
    """The keys of this installation."""
    return KeyStore(settings.PURSER_KEY_DIR)


@cache
def signer() -> Signer:
    """The signer of this process."""
    return Signer(key_store(), issuer=settings.REGISTRY["issuer"])


class RegistryTokens:
    """Decisions and tokens for one registry, for its connector and for reading its catalogue."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def decide(self, subject: str, repository: str, action: str) -> bool:
        """Whether `person:12` or `robot:3` may do this now: the rule the token service follows."""
        kind, _, number = subject.partition(":")
        owner = {"person_id": int(number)} if kind == "person" else {"project_id": _project_of(int(number))}
        if None in owner.values():
            return False
        rows = live_access(repositories=[repository], registry_id=self._registry.pk, **owner)
        return any(action in actions_of(row.role) for row in rows)

    def mint(self, subject: str, repository: str, actions: Sequence[str]) -> str:
        """A probe's token with exactly these actions. It is nobody's access, so it leaves no row."""
        access = [Access(repository, tuple(actions), None)] if actions else []
        return self._sign(f"{OWN_ACTORS}probe", access)

    def reading(self, scopes: Sequence[str]) -> str:
        """A token for reading the catalogue: the scopes that the registry asked for, pull and listing only."""
        access = []
        for scope in scopes:
            kind, _, rest = scope.partition(":")
            name, _, _actions = rest.rpartition(":")
            listing = (kind, name) == ("registry", "catalog")
            access.append(Access(name, ("*",) if listing else ("pull",), None, type=kind))
        return self._sign(f"{OWN_ACTORS}catalogue", access)

    def outstanding_until(self, subject: str | None, repository: str | None) -> datetime | None:
        """The latest `exp` of the tokens still accepted for them."""
        until = outstanding_until(subject, repository)
        return until - timedelta(seconds=LEEWAY) if until else None

    def _sign(self, subject: str, access: list[Access]) -> str:
        now = int(time.time())
        return signer().sign(
            subject=subject,
            audience=self._registry.service,
            jti=secrets.token_hex(10),
            access=access,
            expiry=now + PROBE_SECONDS,
            now=now,
        )


def _project_of(credential: int) -> int | None:
    live = Credential.objects.filter(pk=credential, revoked_at=None, project__isnull=False)
    return live.values_list("project_id", flat=True).first()
