"""The two doors that Django's URLs do not know: the registry's token route and the live socket."""

import asyncio
from pathlib import Path

import pytest
from django.conf import settings

from grants.catalogue.models import Registry
from grants.tokens import probing
from grants.tokens.keys import KeyStore
from portal.live.tests.browser import Browser
from portal.live.tests.test_live import ORIGIN, cookie_of, elsewhere
from portal.registry.tests.asking import PULL, access, ask_once, basic, secret_of
from portal.tests.authorisation.conftest import World, made
from portal.tests.authorisation.table import ACTIVE, ROLES

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN: dict[str, list[tuple[str, list[str]]] | int] = {
    **{role: [] for role in ROLES},
    "member": [("fraud/base", ["pull"])],
    "disabled": 401,
}
"""What a pull token of each role opens of an image that only `member` was given."""

FOLLOWERS = frozenset({"member", "lead", "mlops", "security", "auditor", "administrator"})
"""Who may follow the access of the team."""


@pytest.fixture
def world(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(settings, "PURSER_KEY_DIR", tmp_path / "keys")
    monkeypatch.setattr(probing, "key_store", lambda: store)
    store = KeyStore(tmp_path / "keys")
    probing.signer.cache_clear()
    fresh = made()
    Registry.objects.update(service=settings.REGISTRY["service"])
    return fresh


def test_a_pull_token_opens_what_its_person_was_given(world: World) -> None:
    assert {role: _opened(world, role) for role in ROLES} == TOKEN


def test_a_socket_is_for_signed_in_people_and_tells_of_what_they_may_see(world: World) -> None:
    topic = f"grant:{world.values['grant']}"
    heard = {role: _heard(world, role, topic) for role in ROLES}
    assert {role for role, said in heard.items() if said is not None} == ACTIVE
    assert {role for role, said in heard.items() if said is not None and said >= 0} == FOLLOWERS


def _opened(world: World, role: str) -> list[tuple[str, list[str]]] | int:
    """What the token opens, or the status of a refusal."""
    query, person = {"service": settings.REGISTRY["service"], "scope": PULL}, world.people.get(role)
    if person is None:
        answer = ask_once(params=query)
    else:
        login = basic(person.user_name, secret_of(person))
        answer = ask_once(params=query | {"account": person.user_name}, headers=login)
    return access(answer) if answer.status_code == 200 else answer.status_code


def _heard(world: World, role: str, topic: str) -> int | None:
    """The version the socket tells of the topic (-1 is a refusal); None when it was not accepted."""
    headers = [ORIGIN] if role == "anonymous" else [cookie_of(world.people[role]), ORIGIN]

    async def story() -> int | None:
        browser = Browser(*headers)
        if not await browser.connect():
            return None
        await browser.send({"topics": {topic: -5}})
        said = await browser.receive()
        await browser.leave()
        await elsewhere(lambda: None)
        return int(said["v"])

    return asyncio.run(story())
