"""A stranger who calls the provider's answer page again and again fills no ledger."""

import pytest
from django.core.cache import cache
from django.core.cache.backends.redis import RedisCache
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from audit.ledger.models import Event
from portal.accounts import restraint

pytestmark = pytest.mark.django_db
CALLBACK = "/accounts/oidc/sso/login/callback/?error=x&state=1"


@pytest.fixture(autouse=True)
def _provider(settings):
    cache.delete("accounts:refused")
    nowhere = {"server_url": "http://127.0.0.1:9"}
    app = {"provider_id": "sso", "name": "SSO", "client_id": "purser", "secret": "x", "settings": nowhere}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}


def recorded(address, times):
    cache.delete(f"accounts:refused:{address}")
    for _ in range(times):
        assert Client(REMOTE_ADDR=address).get(CALLBACK).status_code == 401
    return Event.objects.filter(kind="portal.session.refused").count()


def test_one_address_is_recorded_so_often_in_a_minute(monkeypatch):
    monkeypatch.setattr(restraint, "MOST_OF_ONE", 3)
    assert [recorded("203.0.113.7", 5), recorded("203.0.113.8", 1)] == [3, 4]


def test_all_addresses_together_are_recorded_so_often_in_a_minute(monkeypatch):
    monkeypatch.setattr(restraint, "MOST_OF_ALL", 2)
    assert [recorded(f"203.0.113.{last}", 1) for last in (20, 21, 22)] == [1, 2, 2]


def test_without_redis_every_refusal_is_recorded(monkeypatch):
    def down(*_args, **_kwargs):
        raise RedisConnectionError

    monkeypatch.setattr(RedisCache, "add", down)
    assert restraint.worth_recording("203.0.113.9") is True
