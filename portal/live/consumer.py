"""The live socket: browsers say which topics they show, and hear only that one has a new version."""

from itertools import islice
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils.crypto import constant_time_compare

from grants.directory.standing import Standing, standing_of
from portal.accounts.models import User
from portal.live.permissions import may_follow
from portal.live.topics import group, versions

MOST_TOPICS = 200
SIGNED_OUT = 4401
REFUSED = -1


class LiveConsumer(AsyncJsonWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """One browser tab. Every frame in either direction is `{"t": topic, "v": version}` or the opening list."""

    following: set[str]
    person_id: int

    async def connect(self) -> None:
        """Accept signed-in, active people only."""
        self.following = set()
        viewer = await self.viewer()
        if viewer is None:
            await self.close(code=SIGNED_OUT)
            return
        self.person_id = viewer.person.pk
        await self.channel_layer.group_add(self.control_group, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        """Leave every group."""
        for topic in self.following:
            await self.channel_layer.group_discard(group(topic), self.channel_name)
        if hasattr(self, "person_id"):
            await self.channel_layer.group_discard(self.control_group, self.channel_name)

    @property
    def control_group(self) -> str:
        """The group of all sockets of this person."""
        return f"sockets.{self.person_id}"

    async def receive_json(self, content: Any, **_kwargs: Any) -> None:
        """Follow the topics named with the versions the page has; answer with those that have moved."""
        viewer = await self.viewer()
        if viewer is None:
            await self.close(code=SIGNED_OUT)
            return
        for topic, known in _asked(content).items():
            await self.follow(viewer, topic, known)

    async def follow(self, viewer: Standing, topic: str, known: int) -> None:
        """Join one topic, or refuse it. Joins before it reads, so that no change falls between."""
        if len(self.following) >= MOST_TOPICS or not await _may_follow(viewer, topic):
            await self.send_json({"t": topic, "v": REFUSED})
            return
        await self.channel_layer.group_add(group(topic), self.channel_name)
        self.following.add(topic)
        version = (await _versions([topic]))[topic]
        if version != known:
            await self.send_json({"t": topic, "v": version})

    async def live_changed(self, event: dict[str, Any]) -> None:
        """A topic this page shows has a new version."""
        await self.send_json({"t": event["t"], "v": event["v"]})

    async def live_recheck(self, _event: dict[str, Any]) -> None:
        """Somebody signed out, was disabled or lost a role: look again."""
        if await self.viewer() is None:
            await self.close(code=SIGNED_OUT)

    @database_sync_to_async
    def viewer(self) -> Standing | None:
        """The person of this socket's session, read afresh each time."""
        key = getattr(self.scope.get("session"), "session_key", None)
        session = SessionStore(session_key=key) if key else {}
        user = User.objects.select_related("person").filter(pk=session.get(SESSION_KEY) or 0).first()
        if user is None or user.person is None or not user.person.active:
            return None
        # Pages compare the hash too: sessions from before a person was disabled stay dead.
        known = constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
        return standing_of(user.person) if known else None


@database_sync_to_async
def _may_follow(viewer: Standing, topic: str) -> bool:
    return may_follow(viewer, topic)


@database_sync_to_async
def _versions(names: list[str]) -> dict[str, int]:
    return versions(names)


def _asked(content: Any) -> dict[str, int]:
    topics = content.get("topics") if isinstance(content, dict) else None
    if not isinstance(topics, dict):
        return {}
    named = ((str(topic)[:80], known) for topic, known in topics.items() if isinstance(known, int))
    return dict(islice(named, MOST_TOPICS))
