"""Sign-in rows and sessions: made for people of the directory, recorded, ended with the person."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.directory.actors import actor_for
from grants.directory.models import Person
from grants.directory.sign_in import SIGN_IN
from portal.accounts.errors import AccountError
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import record_revoked


def user_for(person: Person) -> User:
    """The sign-in row of a person, made where missing; it holds no right of its own."""
    if user := User.objects.select_related("person").filter(person=person).first():
        return user
    with audited(by=SIGN_IN):
        # The label stays when the user name changes or is given to somebody else.
        user, made = User.objects.get_or_create(person=person, defaults={"username": person.label})
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
            record("portal.account.opened", subject=person.label, person=person.label)
    return user


def record_session_started(*, person: Person, method: str) -> None:
    """Record `portal.session.started`; `method` is `sso` or `password`."""
    with audited(by=actor_for(person)):
        record(
            "portal.session.started",
            subject=person.label,
            person=person.label,
            detail={"method": method},
        )


def record_session_ended(*, person: Person) -> None:
    """Record `portal.session.ended`: the person signed out. Sessions that run out leave no event."""
    with audited(by=actor_for(person)):
        record("portal.session.ended", subject=person.label, person=person.label)


def record_session_refused(*, code: str, issuer: str = "", name: str = "", person: int | None = None) -> None:
    """Record `portal.session.refused` with why, and as whom somebody tried to sign in."""
    label = f"person:{person}" if person else ""
    with audited(by=SIGN_IN):
        detail = {"code": code, "issuer": issuer, "name": name[:200]}
        record("portal.session.refused", subject=label or "session:refused", person=label, detail=detail)


def set_password(*, person: Person, password: str, by: Actor, now: datetime) -> User:
    """Give a person a local password and record `portal.password.set`; open sessions of the person end.

    Raises AccountError (`local_accounts_off`) unless local accounts are switched on.
    """
    if not settings.LOCAL_ACCOUNTS:
        raise AccountError(
            "local_accounts_off", _("Local accounts are switched off (PURSER_LOCAL_ACCOUNTS).")
        )
    with audited(by=by):
        user = user_for(person)
        user.set_password(password)
        user.save(update_fields=["password"])
        record("portal.password.set", subject=person.label, person=person.label)
    return user


def end_access_of_disabled(*, person_id: int, by: Actor, now: datetime, **_signal: Any) -> None:
    """Receiver of `person_disabled`: sessions and API tokens stay dead even if the person is enabled again.

    Runs inside the disabling transaction. A new unusable password changes the session hash of every open session.
    """
    for user in User.objects.filter(person_id=person_id):
        user.set_unusable_password()
        user.save(update_fields=["password"])
    for token in ApiToken.objects.filter(person_id=person_id, revoked_at=None):
        token.revoked_at = now
        token.save(update_fields=["revoked_at"])
        record_revoked(token)
