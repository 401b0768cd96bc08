"""Topic versions and the socket: no content in any frame, no topic for those who may not see it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from unittest.mock import patch

import pytest
from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone

from approvals.requests.testing import make_request, make_scene
from audit.ledger.actors import system
from grants.directory.models import Person
from grants.directory.people import disable_person, enable_person
from grants.directory.standing import standing_of
from portal.accounts.testing import user_of
from portal.live import consumer
from portal.live.models import Topic
from portal.live.permissions import may_follow
from portal.live.tests.browser import Browser
from portal.live.topics import bump, versions

T = TypeVar("T")
pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = (b"origin", b"http://127.0.0.1")


def cookie_of(person: Person) -> tuple[bytes, bytes]:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    user = user_of(person)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "portal.accounts.backends.PersonBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return (b"cookie", f"session={session.session_key}".encode())


async def elsewhere(change: Callable[..., T], *arguments: Any) -> T:
    def run() -> T:
        try:
            return change(*arguments)
        finally:
            connections.close_all()

    return await sync_to_async(run)()


def with_socket(person: Person, story: Callable[[Browser], Awaitable[T]]) -> T:
    cookie = cookie_of(person)

    async def run() -> T:
        browser = Browser(cookie, ORIGIN)
        assert await browser.connect()
        try:
            return await story(browser)
        finally:
            await browser.leave()
            await elsewhere(lambda: None)

    return asyncio.run(run())


def commit(*names: str) -> None:
    with transaction.atomic():
        bump(*names)


def test_a_topic_moves_only_when_the_change_commits() -> None:
    with transaction.atomic():
        bump("request:1")
        transaction.set_rollback(True)
    assert versions(["request:1"]) == {"request:1": 0}
    commit("request:1", "request:2")
    commit("request:1")
    assert versions(["request:1", "request:2", "request:3"]) == {
        "request:1": 2,
        "request:2": 1,
        "request:3": 0,
    }


def test_the_browser_hears_a_topic_and_its_version_and_nothing_else() -> None:
    alice = make_scene().people.alice

    async def story(browser: Browser) -> dict[str, Any]:
        topic = f"person:{alice.pk}"
        await browser.send({"topics": {topic: 0}})
        assert await browser.receive_nothing(timeout=0.3)
        await elsewhere(commit, topic)
        return await browser.receive()

    assert with_socket(alice, story) == {"t": f"person:{alice.pk}", "v": 1}


def test_a_browser_that_comes_back_hears_what_it_missed() -> None:
    alice = make_scene().people.alice
    topic = f"person:{alice.pk}"
    commit(topic)
    commit(topic)

    async def story(browser: Browser) -> dict[str, Any]:
        await browser.send({"topics": {topic: 1}})
        return await browser.receive()

    assert with_socket(alice, story) == {"t": topic, "v": 2}


def test_a_topic_one_may_not_see_is_refused_and_never_heard() -> None:
    stage = make_scene()
    request = make_request(stage)

    async def story(browser: Browser) -> tuple[Any, bool]:
        await browser.send({"topics": {request.label: 0}})
        refusal = await browser.receive()
        await elsewhere(commit, request.label)
        return refusal, await browser.receive_nothing(timeout=0.5)

    assert with_socket(stage.people.charlie, story) == ({"t": request.label, "v": -1}, True)


@pytest.mark.parametrize(
    "frame", ["[]", '{"topics": []}', '{"topics": {"x": "y"}}', "{}", '{"topics": {"request:1x": 1}}']
)
def test_a_frame_that_makes_no_sense_does_no_harm(frame: str) -> None:
    alice = make_scene().people.alice

    async def story(browser: Browser) -> dict[str, Any]:
        await browser.send(frame)
        await browser.send({"topics": {"catalogue": 5}})
        while (answer := await browser.receive())["t"] != "catalogue":
            assert answer["v"] == -1
        return answer

    assert with_socket(alice, story) == {"t": "catalogue", "v": 0}


def test_a_disabled_persons_socket_closes_at_once() -> None:
    stage = make_scene()

    def disable() -> None:
        disable_person(person=stage.people.alice, reason="left", by=system("test"), now=timezone.now())

    async def story(browser: Browser) -> Any:
        await elsewhere(disable)
        return await browser.receive()

    assert with_socket(stage.people.alice, story) == 4401


def test_a_session_that_pages_no_longer_take_opens_no_socket() -> None:
    """Disabling changes the password's hash, so that old sessions stay dead when the person is enabled again."""
    alice = make_scene().people.alice
    cookie = cookie_of(alice)
    disable_person(person=alice, reason="left", by=system("test"), now=timezone.now())
    enable_person(person=alice, by=system("test"), now=timezone.now())
    assert asyncio.run(_refused(Browser(cookie, ORIGIN))) is True


def test_a_socket_closes_when_its_person_signs_out(client: Client) -> None:
    alice = make_scene().people.alice
    client.force_login(user_of(alice), backend="portal.accounts.backends.PersonBackend")
    cookie = (b"cookie", f"session={client.cookies['session'].value}".encode())
    looked: list[bool] = []

    def look(person_id: int) -> None:
        looked.append(Session.objects.exists())

    async def story() -> Any:
        browser = Browser(cookie, ORIGIN)
        assert await browser.connect()
        await elsewhere(lambda: client.post("/accounts/logout/"))
        return await browser.receive()

    with patch("portal.accounts.adapters.recheck", look):
        client.post("/accounts/logout/")
    assert looked == [False], "a socket that looks again must find the session gone"
    client.force_login(user_of(alice), backend="portal.accounts.backends.PersonBackend")
    cookie = (b"cookie", f"session={client.cookies['session'].value}".encode())
    assert asyncio.run(story()) == 4401


def test_a_frame_with_more_topics_than_a_page_has_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(consumer, "may_follow", lambda viewer, topic: bool(asked.append(topic)))

    async def story(browser: Browser) -> Any:
        await browser.send({"topics": {f"request:{n}": 0 for n in range(1000)}})
        for _ in range(consumer.MOST_TOPICS):
            await browser.receive()
        return await browser.receive_nothing(0.2)

    assert with_socket(make_scene().people.alice, story) is True
    assert len(asked) == consumer.MOST_TOPICS


@pytest.mark.parametrize("headers", [[], [(b"origin", b"http://evil.test")], [(b"origin", b"null")]])
def test_foreign_and_missing_origins_are_refused(headers: list[tuple[bytes, bytes]]) -> None:
    cookie = cookie_of(make_scene().people.alice)
    assert asyncio.run(_refused(Browser(cookie, *headers))) is True


def test_nobody_without_a_session_connects() -> None:
    assert asyncio.run(_refused(Browser(ORIGIN))) is True


def test_other_paths_are_refused() -> None:
    assert (
        asyncio.run(_refused(Browser(cookie_of(make_scene().people.alice), ORIGIN, path="/ws/other/")))
        is True
    )


async def _refused(browser: Browser) -> bool:
    connected = await browser.connect()
    await elsewhere(lambda: None)
    return not connected


def test_the_same_selectors_decide_as_for_the_pages() -> None:
    stage = make_scene()
    request = make_request(stage)
    people = {"alice": True, "bob": True, "charlie": False, "mia": True, "ada": True, "root": True}
    seen = {name: may_follow(standing_of(getattr(stage.people, name)), request.label) for name in people}
    assert seen == people
    bob = standing_of(stage.people.bob)
    asked = [
        f"inbox:{stage.people.bob.pk}",
        f"inbox:{stage.people.mia.pk}",
        "catalogue",
        "brakes",
        "secrets",
        "request:",
        "request:１",
    ]
    assert [may_follow(bob, topic) for topic in asked] == [True, False, True, False, False, False, False]


def test_a_request_moves_the_inboxes_of_those_who_may_decide() -> None:
    stage = make_scene()
    request = make_request(stage)
    moved = set(Topic.objects.values_list("name", flat=True))
    assert {request.label, f"inbox:{stage.people.mia.pk}", f"person:{stage.people.alice.pk}"} <= moved
    assert f"inbox:{stage.people.bob.pk}" not in moved
