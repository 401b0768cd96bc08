"""Saying that something changed: a new version of its topic, told to the browsers that follow it.

A lost message costs nothing but time: a browser that reconnects sends the versions it has, and polls
when it has no socket.
"""

import asyncio
from collections.abc import Iterable, Mapping
from functools import partial

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connection, transaction

from portal.live.models import Topic

log = structlog.get_logger(__name__)
Message = dict[str, object]


def bump(*names: str) -> None:
    """Give each topic a new version and tell its followers, once the open transaction has committed."""
    transaction.on_commit(partial(_publish, frozenset(names)), robust=True)


def versions(names: Iterable[str]) -> dict[str, int]:
    """The current version of each topic; 0 for one that never changed."""
    known = dict(Topic.objects.filter(name__in=names).values_list("name", "version"))
    return {name: known.get(name, 0) for name in names}


def group(name: str) -> str:
    """The channel group of a topic. Group names may not hold a colon."""
    return f"topic.{name.replace(':', '.')}"


def recheck(person_id: int) -> None:
    """Tell a person's sockets to look again whether they may stay open (signed out, disabled, role lost)."""
    message: Message = {"type": "live.recheck"}
    transaction.on_commit(partial(_send, {f"sockets.{person_id}": message}), robust=True)


def _publish(names: frozenset[str]) -> None:
    _send({group(name): _changed(name, version) for name, version in _next_versions(sorted(names))})


def _changed(name: str, version: int) -> Message:
    return {"type": "live.changed", "t": name, "v": version}


def _next_versions(names: list[str]) -> list[tuple[str, int]]:
    # In name order, so that two publishers never wait for each other in a circle.
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO live_topic (name, version) SELECT unnest(%s::text[]), 1"
            " ON CONFLICT (name) DO UPDATE SET version = live_topic.version + 1 RETURNING name, version",
            [names],
        )
        return [(str(name), int(version)) for name, version in cursor.fetchall()]


def _send(messages: Mapping[str, Message]) -> None:
    # One loop for all of them: each is a thread and a connection to the broker.
    try:
        async_to_sync(_send_all)(messages)
    except Exception as error:  # any broker fault: pages poll meanwhile, the change itself stands
        log.warning("live_messages_lost", count=len(messages), error=type(error).__name__)


async def _send_all(messages: Mapping[str, Message]) -> None:
    layer = get_channel_layer()
    await asyncio.gather(*(layer.group_send(name, message) for name, message in messages.items()))
