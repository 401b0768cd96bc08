"""Which socket goes where. Foreign and missing origins are refused before anything is read."""

from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from channels.sessions import SessionMiddlewareStack
from django.urls import path, re_path

from portal.live.consumer import LiveConsumer


def socket_application() -> Any:
    """The ASGI application of all sockets."""
    routes = URLRouter([path("ws/live/", LiveConsumer.as_asgi()), re_path(r"", refuse)])  # type: ignore[arg-type]
    return ProtocolTypeRouter({"websocket": AllowedHostsOriginValidator(SessionMiddlewareStack(routes))})


async def refuse(_scope: Any, receive: Any, send: Any) -> None:
    """Any other socket path: refused, where Channels would answer with a server error."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})
