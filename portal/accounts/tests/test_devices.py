"""A device is allowed once, by the person themself, in time; what is kept cannot be used."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.directory.testing import cast
from portal.accounts.devices import decide_device, fetch_token, start_device, waiting_device
from portal.accounts.errors import AccountError, DeviceError
from portal.accounts.models import ApiToken, DeviceSignIn
from portal.accounts.tokens import authenticate_bearer

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob() -> Any:
    return cast().bob


def begun(**changes: Any) -> tuple[DeviceSignIn, str, str]:
    given: dict[str, Any] = {"client": "purser on x", "address": "10.0.0.9", "now": timezone.now()}
    return start_device(**given | changes)


def refused(device_code: str, *, later: float = 0) -> str:
    with pytest.raises(DeviceError) as caught:
        fetch_token(device_code=device_code, now=timezone.now() + timedelta(seconds=later))
    return caught.value.code


def allow(row: DeviceSignIn, person: Any, *, allowed: bool = True) -> None:
    decide_device(device=row, allow=allowed, person=person, by=actor_for(person))


def test_an_allowed_device_gets_one_token_of_that_person(bob: Any) -> None:
    row, device_code, user_code = begun()
    assert refused(device_code) == "authorization_pending"
    found = waiting_device(user_code)
    assert found == row
    allow(row, bob)
    token, secret = fetch_token(device_code=device_code, now=timezone.now() + timedelta(seconds=6))
    assert authenticate_bearer(secret) == token
    assert (token.person, token.name, token.scopes) == (bob, "purser on x", ["read", "write"])
    assert refused(device_code, later=12) == "invalid_grant"
    kinds = ["portal.device.allowed", "portal.token.created"]
    events = Event.objects.filter(kind__in=kinds).order_by("sequence")
    assert list(events.values_list("kind", flat=True)) == kinds


def test_a_denied_device_gets_none(bob: Any) -> None:
    row, device_code, user_code = begun()
    allow(row, bob, allowed=False)
    assert refused(device_code) == "access_denied"
    assert (ApiToken.objects.count(), waiting_device(user_code)) == (0, None)
    event = Event.objects.get(kind="portal.device.denied")
    assert (event.actor, event.detail["client"]) == (bob.label, "purser on x")


def test_the_first_answer_counts(bob: Any) -> None:
    row, _device_code, _user_code = begun()
    allow(row, bob, allowed=False)
    with pytest.raises(AccountError) as caught:
        allow(row, bob)
    assert caught.value.code == "device_gone"


def test_nobody_allows_for_somebody_else(bob: Any) -> None:
    row, _device_code, _user_code = begun()
    with pytest.raises(AccountError) as caught:
        decide_device(device=row, allow=True, person=bob, by=operator("root"))
    assert caught.value.code == "not_yours"


def test_codes_end(bob: Any) -> None:
    row, device_code, user_code = begun(now=timezone.now() - timedelta(minutes=10, seconds=1))
    assert (refused(device_code), waiting_device(user_code)) == ("expired_token", None)
    with pytest.raises(AccountError):
        allow(row, bob)


def test_an_allowed_code_ends_too(bob: Any) -> None:
    row, device_code, _user_code = begun()
    allow(row, bob)
    assert refused(device_code, later=601) == "expired_token"


def test_asking_too_often_makes_the_pause_longer(bob: Any) -> None:
    row, device_code, _user_code = begun()
    said = [refused(device_code, later=at) for at in (0, 1, 12, 20)]
    assert said == ["authorization_pending", "slow_down", "authorization_pending", "slow_down"]
    row.refresh_from_db()
    assert row.interval == 15


def test_a_person_disabled_in_between_gets_nothing(bob: Any) -> None:
    row, device_code, _user_code = begun()
    allow(row, bob)
    type(bob).objects.filter(pk=bob.pk).update(active=False, disabled_at=timezone.now())
    assert refused(device_code) == "access_denied"
    assert ApiToken.objects.count() == 0


def test_codes_are_not_kept_and_may_be_typed_anyhow() -> None:
    row, device_code, user_code = begun()
    kept = {bytes(row.device_digest), bytes(row.user_digest)}
    assert device_code.encode() not in kept
    assert all(len(digest) == 32 for digest in kept)
    assert waiting_device(f" {user_code.lower().replace('-', ' ')} ") == row
    assert waiting_device("BCDF") is None
    assert waiting_device(device_code) is None


def test_old_rows_go() -> None:
    begun(now=timezone.now() - timedelta(days=2))
    begun()
    assert DeviceSignIn.objects.count() == 1


def test_a_name_is_one_line() -> None:
    row, _device_code, _user_code = begun(client="  evil\nname\t" + "x" * 200)
    assert row.client == ("evil name " + "x" * 200)[:100]
    row, _device_code, _user_code = begun(client="pur\u202eser\x00 on\u200b ada's laptop 笔记本")
    assert row.client == "pur ser on ada's laptop 笔记本"
