"""API tokens: random, kept as SHA-256, shown once, scoped, ending; and who a presented token stands for."""

import hashlib
import re
import secrets
import string
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.directory.models import Person
from grants.directory.roles import ADMINISTRATOR
from grants.directory.standing import Standing, standing_of
from grants.lifecycle.clock import moment
from portal.accounts.errors import AccountError, NotYours
from portal.accounts.models import ApiToken

READ, WRITE, ADMIN = SCOPES = ("read", "write", "admin")
"""`read` looks, `write` also changes, `admin` also does what only administrators may (if the person is one)."""

MAX_DAYS = 365
SEEN_EVERY = timedelta(minutes=1)
PREFIX = "pur_"
_ALPHABET = string.digits + string.ascii_letters
_SECRET = re.compile(rf"{PREFIX}[0-9A-Za-z]{{43}}")


def create_token(
    *, person: Person, name: str, scopes: Iterable[str], days: int, by: Actor, now: datetime
) -> tuple[ApiToken, str]:
    """Make a token and its secret (`pur_` and 43 characters, 256 bits), which cannot be read again.

    Only the person themself, or an operator on the server, may make one: nobody may act as another person.
    Records `portal.token.created`; raises AccountError (`bad_scopes`, `bad_days`, `bad_name`) and NotYours.
    """
    wanted = _checked_scopes(scopes)
    if not 1 <= days <= MAX_DAYS:
        raise AccountError("bad_days", _("A token can last 1 to %(days)s days.") % {"days": MAX_DAYS})
    if not 0 < len(name.strip()) <= 100:
        raise AccountError("bad_name", _("Enter a name of at most 100 characters."))
    secret = PREFIX + _base62(secrets.token_bytes(32))
    with audited(by=by):
        _check_owner(Person.objects.select_for_update(no_key=True).get(pk=person.pk), wanted, by)
        token = ApiToken.objects.create(
            person=person,
            name=name.strip(),
            prefix=secret[:10],
            digest=_digest(secret),
            scopes=wanted,
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        _record("portal.token.created", token, {"scopes": wanted, "expires_at": token.expires_at.isoformat()})
    return token, secret


def revoke_token(*, token: ApiToken, by: Actor, now: datetime) -> ApiToken:
    """End a token at once; does nothing for a revoked one. Records `portal.token.revoked`.

    The caller has checked that the actor is the owner or an administrator.
    """
    with audited(by=by):
        token = ApiToken.objects.select_for_update(no_key=True, of=("self",)).get(pk=token.pk)
        if token.revoked_at is None:
            token.revoked_at = now
            token.save(update_fields=["revoked_at"])
            record_revoked(token)
    return token


def authenticate_bearer(secret: str, now: datetime | None = None) -> ApiToken | None:
    """The token that this secret is, with person and user read, or None: unknown, ended, revoked, person disabled.

    `now` None means the database's clock. Notes at most once a minute that the token was used.
    """
    if not _SECRET.fullmatch(secret):
        return None
    at = moment(now)
    live = ApiToken.objects.filter(revoked_at=None, expires_at__gt=at, person__active=True).annotate(
        asked_at=at
    )
    found = live.select_related("person__user").filter(digest=_digest(secret)).first()
    if found and (found.last_used_at is None or found.asked_at - found.last_used_at >= SEEN_EVERY):
        ApiToken.objects.filter(pk=found.pk).update(last_used_at=found.asked_at)
    return found


def standing_with(token: ApiToken) -> Standing:
    """The person's standing as far as the token reaches: without `admin`, no administrator."""
    standing = standing_of(token.person)
    if ADMIN in token.scopes:
        return standing
    return replace(standing, roles=standing.roles - {ADMINISTRATOR})


def may_change(token: ApiToken) -> bool:
    """Whether the token may do more than look."""
    return not {WRITE, ADMIN}.isdisjoint(token.scopes)


def tokens_visible_to(viewer: Standing) -> QuerySet[ApiToken]:
    """One's own tokens, newest first; administrators see everybody's (never the secrets)."""
    tokens = ApiToken.objects.select_related("person").order_by("-created_at", "-pk")
    return tokens if viewer.is_administrator else tokens.filter(person=viewer.person)


def record_revoked(token: ApiToken) -> None:
    """Record in the open audited block that the token was revoked."""
    _record("portal.token.revoked", token, {})


def _checked_scopes(scopes: Iterable[str]) -> list[str]:
    wanted = set(scopes)
    if not wanted or wanted - set(SCOPES):
        raise AccountError("bad_scopes", _("Select what the token may do: read, write or admin."))
    return [scope for scope in SCOPES if scope in wanted]


def _check_owner(person: Person, scopes: list[str], by: Actor) -> None:
    if by.kind != "operator" and by.label != person.label:
        raise NotYours("not_yours", _("Only the person themself can make a token that acts as them."))
    if not person.active:
        raise NotYours("person_disabled", _("This account is disabled."))
    if ADMIN in scopes and not standing_of(person).is_administrator:
        raise NotYours("scope_not_held", _("Only administrators can make tokens with the scope admin."))


def _record(kind: str, token: ApiToken, detail: dict[str, str | list[str]]) -> None:
    person = f"person:{token.person_id}"
    record(kind, subject=f"token:{token.pk}", person=person, detail={"name": token.name, **detail})


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _base62(data: bytes) -> str:
    number, digits = int.from_bytes(data), []
    while number:
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits)).rjust(43, _ALPHABET[0])
