"""The scene of every test of the API: the cast with two scanned images, and a caller for each person."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from approvals.requests.testing import Scene, make_scene
from grants.directory.actors import actor_for
from grants.directory.models import Person
from grants.directory.roles import ADMINISTRATOR
from grants.directory.standing import standing_of
from portal.accounts.tokens import create_token

ROOT = "/api/v1/"


class Caller:
    """A script of one person: `alice.post("requests/", {...})` with their token, JSON in and out."""

    def __init__(self, secret: str = "") -> None:
        headers = {"authorization": f"Bearer {secret}"} if secret else {}
        self.client = Client(headers=headers, raise_request_exception=False)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(ROOT + path, query)

    def post(self, path: str, data: Any = None, **extra: Any) -> Any:
        given = {"data": data, "content_type": "application/json"} | extra
        return self.client.post(ROOT + path, **given)

    def patch(self, path: str, data: Any) -> Any:
        return self.client.patch(ROOT + path, data, content_type="application/json")

    def delete(self, path: str) -> Any:
        return self.client.delete(ROOT + path)


def token_for(person: Person, *scopes: str) -> str:
    """The secret of a new token; with every scope the person may have unless some are named."""
    usual = ("write", "admin") if ADMINISTRATOR in standing_of(person).roles else ("write",)
    _token, secret = create_token(
        person=person,
        name="test",
        scopes=scopes or usual,
        days=1,
        by=actor_for(person),
        now=timezone.now(),
    )
    return secret


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def scene(db: None) -> Scene:
    return make_scene()


@pytest.fixture
def as_(scene: Scene) -> Callable[..., Caller]:
    """A caller for a person of the cast by name, or for any person: `as_("alice")`."""

    def caller(who: str | Person, *scopes: str) -> Caller:
        person = getattr(scene.people, who) if isinstance(who, str) else who
        return Caller(token_for(person, *scopes))

    return caller


@pytest.fixture
def nobody(db: None) -> Caller:
    return Caller()


def problem(response: Any) -> tuple[int, str]:
    """Status and code of a problem document; fails for anything that is none."""
    assert response.headers["Content-Type"] == "application/problem+json", response.content[:500]
    body = response.json()
    assert set(body) >= {"type", "title", "status", "detail", "code"}
    assert body["status"] == response.status_code
    return response.status_code, body["code"]
