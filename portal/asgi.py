"""The outer ASGI callable: lifespan, the token service, sockets, and Django in bounded threads."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from a2wsgi import WSGIMiddleware

from portal.wsgi import application as django_application

# isort: split
# After Django is set up: these import models.
from portal.live.routing import socket_application
from portal.registry.asgi import TokenService

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

WEB_THREADS = int(os.environ.get("PURSER_WEB_THREADS", "8"))
"""Threads for Django's views, and so the most database connections a web process opens for them."""


class Application:
    """Sends each connection to who answers it. Django cannot answer lifespan, and is too slow for tokens."""

    def __init__(self) -> None:
        self.tokens = TokenService()
        self.pages = WSGIMiddleware(django_application, workers=WEB_THREADS)  # type: ignore[arg-type]
        self.sockets = socket_application()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "lifespan":
            await self.lifespan(receive, send)
        elif scope["type"] == "websocket":
            await self.sockets(scope, receive, send)
        elif scope["path"] == "/registry/token":
            await self.tokens(scope, receive, send)
        else:
            await self.pages(scope, receive, send)  # type: ignore[arg-type]

    async def lifespan(self, receive: Receive, send: Send) -> None:
        """Open and close the token service's pool and listener with the process."""
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.tokens.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.tokens.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


application = Application()
