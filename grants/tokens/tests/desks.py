"""A token desk in a test: started and stopped around a story, beside changes from elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import jwt
import psycopg
from asgiref.sync import sync_to_async
from django.db import connections

from grants.tokens.desk import Answer, TokenDesk
from grants.tokens.signing import Signer

T = TypeVar("T")


def conninfo() -> str:
    parameters = connections["default"].get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    return psycopg.conninfo.make_conninfo(**{k: parameters[k] for k in wanted if parameters.get(k)})


def with_desk(signer: Signer, story: Callable[[TokenDesk], Awaitable[T]], *, caching: bool = True) -> T:
    async def run() -> T:
        desk = TokenDesk(conninfo(), signer, caching=caching)
        await desk.start()
        try:
            if caching:
                await until(lambda: desk.cache.listening)
            return await story(desk)
        finally:
            await desk.stop()

    return asyncio.run(run())


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def elsewhere(change: Callable[..., object], *arguments: object) -> None:
    """Run a change as another process would: in a thread with a connection of its own."""

    def run() -> None:
        try:
            change(*arguments)
        finally:
            connections.close_all()

    await sync_to_async(run)()


def claims(answer: Answer) -> dict[str, Any]:
    return jwt.decode(answer.token, options={"verify_signature": False})
