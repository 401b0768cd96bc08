"""A websocket client for tests, speaking ASGI to the sockets' application."""

import json
from typing import Any

from asgiref.testing import ApplicationCommunicator

from portal.live.routing import socket_application

Header = tuple[bytes, bytes]


class Browser(ApplicationCommunicator):
    """One tab. channels.testing would do, but it needs the daphne server."""

    def __init__(self, *headers: Header, path: str = "/ws/live/") -> None:
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": list(headers),
            "subprotocols": [],
        }
        super().__init__(socket_application(), scope)

    async def connect(self) -> bool:
        """Whether the server accepts."""
        await self.send_input({"type": "websocket.connect"})
        answer = await self.receive_output(timeout=5)
        return bool(answer["type"] == "websocket.accept")

    async def send(self, content: Any) -> None:
        """Send one frame: text as it is, anything else as JSON."""
        text = content if isinstance(content, str) else json.dumps(content)
        await self.send_input({"type": "websocket.receive", "text": text})

    async def receive(self) -> Any:
        """The next frame's JSON, or the code of a close."""
        answer = await self.receive_output(timeout=5)
        return answer["code"] if answer["type"] == "websocket.close" else json.loads(answer["text"])

    async def leave(self) -> None:
        """Close from this side and wait until the server has tidied up."""
        if not self.future.done():
            await self.send_input({"type": "websocket.disconnect", "code": 1000})
            await self.wait(timeout=5)
