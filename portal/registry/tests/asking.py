"""Asking the token service over ASGI, without a network."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx
import jwt
from django.utils import timezone

from audit.ledger.actors import operator, system
from grants.directory.models import Person
from grants.tokens.services import create_personal
from portal.registry.asgi import TokenService

T = TypeVar("T")
Ask = Callable[..., Awaitable[httpx.Response]]
TESTER = system("test")
PULL = "repository:fraud/base:pull"
URL = "http://127.0.0.1/registry/token"


def secret_of(person: Person) -> str:
    """A fresh pull token of the person's."""
    return create_personal(person=person, hours=1, by=operator("test"), now=timezone.now())[1]


def basic(login: str, secret: str) -> dict[str, str]:
    """The header of Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{login}:{secret}".encode()).decode()}


def access(answer: httpx.Response) -> list[tuple[str, list[str]]]:
    """What the token in the answer opens."""
    body = jwt.decode(answer.json()["token"], options={"verify_signature": False})
    return [(each["name"], each["actions"]) for each in body["access"]]


def with_service(story: Callable[[Ask], Awaitable[T]]) -> T:
    """Run a story with a started service. `ask(method="GET", address="10.0.0.9", **httpx arguments)`."""

    async def run() -> T:
        service = TokenService()
        await service.start()
        try:
            return await story(asker(service))
        finally:
            await service.stop()

    return asyncio.run(run())


def asker(service: TokenService) -> Ask:
    """What a story asks with."""

    async def ask(method: str = "GET", *, address: str = "10.0.0.9", **arguments: object) -> httpx.Response:
        transport = httpx.ASGITransport(app=service, client=(address, 5000))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport) as http:
            return await http.request(method, URL, **arguments)  # type: ignore[arg-type]

    return ask


def ask_once(method: str = "GET", **arguments: object) -> httpx.Response:
    """One question to a service of its own."""
    return with_service(lambda ask: ask(method, **arguments))
