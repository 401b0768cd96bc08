"""Sign-in of a program that has no browser: a person allows it in theirs, and it fetches an API token.

Source: RFC 8628. Codes are random, kept as SHA-256, good for ten minutes and once.
"""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.directory.actors import actor_for
from grants.directory.models import Person
from portal.accounts.errors import AccountError, DeviceError
from portal.accounts.models import ApiToken, DeviceSignIn
from portal.accounts.tokens import READ, WRITE, create_token

LIFE = timedelta(minutes=10)
INTERVAL = 5
"""Seconds between two questions of a client; each one too early adds as many."""
DAYS = 30
"""How long the token works that a device gets. It looks and changes, and is never an administrator's."""
KEPT = timedelta(days=1)
LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""Without vowels, so that no words appear, and without what is read twice (RFC 8628, section 6.1)."""
PENDING, ALLOWED, DENIED, USED = "pending", "allowed", "denied", "used"
_NOT_CODE = re.compile(r"[^A-Z]")


def start_device(*, client: str, address: str, now: datetime) -> tuple[DeviceSignIn, str, str]:
    """Begin a sign-in: the row, the device's code (256 bits) and the person's code (`BCDF-GHJK`).

    Anybody may, so nothing is recorded yet; old rows are removed.
    """
    DeviceSignIn.objects.filter(expires_at__lt=now - KEPT).delete()
    device_code = secrets.token_urlsafe(32)
    user_code = "".join(secrets.choice(LETTERS) for _place in range(8))
    row = DeviceSignIn.objects.create(
        device_digest=_digest(device_code),
        user_digest=_digest(user_code),
        client=_line(client)[:100] or "purser",
        address=address[:100],
        created_at=now,
        expires_at=now + LIFE,
        interval=INTERVAL,
    )
    return row, device_code, f"{user_code[:4]}-{user_code[4:]}"


def waiting_device(user_code: str) -> DeviceSignIn | None:
    """The sign-in that waits for this code now, however it was typed; None for any other."""
    plain = _NOT_CODE.sub("", user_code.upper())
    waiting = DeviceSignIn.objects.filter(state=PENDING, expires_at__gt=Now())
    return waiting.filter(user_digest=_digest(plain)).first()


def decide_device(*, device: DeviceSignIn, allow: bool, person: Person, by: Actor) -> DeviceSignIn:
    """Let the device sign in as this person, or refuse it: the first answer counts.

    Only the person themself may. Records `portal.device.allowed` or `portal.device.denied`. Raises AccountError
    `device_gone` when it was answered already or its time is over.
    """
    if by.label != person.label:
        raise AccountError("not_yours", _("Only the person themself can allow this."))
    with audited(by=by):
        waiting = DeviceSignIn.objects.select_for_update(no_key=True)
        locked = waiting.filter(pk=device.pk, state=PENDING, expires_at__gt=Now()).first()
        if locked is None:
            raise AccountError(
                "device_gone", _("This code was used or is over. Start again in the terminal.")
            )
        locked.state, locked.person = (ALLOWED if allow else DENIED), person
        locked.save(update_fields=["state", "person"])
        record(
            f"portal.device.{locked.state}",
            subject=f"device:{locked.pk}",
            person=person.label,
            detail={"client": locked.client, "address": locked.address},
        )
    return locked


def fetch_token(*, device_code: str, now: datetime) -> tuple[ApiToken, str]:
    """The token of a sign-in that was allowed, with its secret: once.

    Records `portal.token.created`. Raises DeviceError with a code of RFC 8628: `authorization_pending`,
    `slow_down`, `access_denied`, `expired_token`; `invalid_grant` for a code that is unknown or used.
    """
    person = _allowed_by(device_code, now)
    with audited(by=actor_for(person)):
        allowed = DeviceSignIn.objects.select_for_update(no_key=True).filter(state=ALLOWED)
        row = allowed.filter(device_digest=_digest(device_code)).first()
        if row is None:
            raise _unknown()
        row.state = USED
        row.save(update_fields=["state"])
        return _token(person, row.client, now)


def _token(person: Person, name: str, now: datetime) -> tuple[ApiToken, str]:
    try:
        return create_token(
            person=person, name=name, scopes=[READ, WRITE], days=DAYS, by=actor_for(person), now=now
        )
    except AccountError as error:  # disabled in between
        raise DeviceError("access_denied", error.message) from None


def _allowed_by(device_code: str, now: datetime) -> Person:
    """Count one question; who allowed the sign-in. Raises DeviceError while nobody did."""
    rows = DeviceSignIn.objects.select_related("person")
    row = rows.filter(device_digest=_digest(device_code)).first()
    if row is None or row.state == USED:
        raise _unknown()
    if row.expires_at <= now:
        raise DeviceError("expired_token", _("The code is over. Start again."))
    if row.state == DENIED:
        raise DeviceError("access_denied", _("The sign-in was not allowed."))
    early = row.asked_at is not None and now < row.asked_at + timedelta(seconds=row.interval)
    row.asked_at, row.interval = now, row.interval + (INTERVAL if early else 0)
    row.save(update_fields=["asked_at", "interval"])
    if early:
        raise DeviceError("slow_down", _("You ask too often."))
    if row.person is None:
        raise DeviceError("authorization_pending", _("Nobody has answered yet."))
    return row.person


def _unknown() -> DeviceError:
    return DeviceError("invalid_grant", _("This code is not known."))


def _line(text: str) -> str:
    """One line as it will be read: nothing invisible and nothing that turns letters around, which could mislead."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()
