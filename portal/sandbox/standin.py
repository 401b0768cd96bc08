"""The common part of stand-ins that keep state: serving it over HTTP, failing as told, running in a thread or alone."""

import asyncio
import copy
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, TypeVar

import uvicorn

from portal.sandbox.faults import Fault, FaultKind, Schedule
from portal.sandbox.serving import serve
from portal.sandbox.steering import PREFIX, Steering, plain
from portal.sandbox.wire import (
    HttpError,
    Receive,
    Request,
    Response,
    Router,
    Send,
    receive_request,
    send_response,
)

__all__ = ["Standin", "running", "serve"]

State = TypeVar("State")
REMEMBERED = 4  # states kept for stale reads
NEVER = 3600.0  # seconds: longer than anybody waits
STATUS_OF = {
    FaultKind.CONFLICT: 409,
    FaultKind.PRECONDITION: 412,
    FaultKind.THROTTLED: 429,
    FaultKind.BROKEN: 500,
}


class Standin(Generic[State]):
    """An ASGI application over a state that can be copied.

    `router` answers with handlers that read and change `self.state`; `error(status, kind or message, request)`
    writes an error as the system stood in for does. Requests are answered one at a time, so that handlers need no
    locks. `halve(request)` makes the first half of a batch request (None: it is no batch). Calls below `/sandbox/`
    steer it (portal.sandbox.steering); a stand-in adds its own of these to `self.steering.router`.
    """

    def __init__(self, state: State, *, schedule: Schedule | None = None) -> None:
        self.state = state
        self.schedule = schedule or Schedule()
        self.router = Router()
        self._before: deque[State] = deque(maxlen=REMEMBERED)
        self._one_at_a_time = threading.Lock()
        self.changes = 0  # calls that may have changed the state, so far
        self.steering = Steering(lambda: self.schedule, self.picture)

    def picture(self) -> Any:
        """The state as oracles read it (`GET /sandbox/state`). Override to leave out what is too much."""
        return self.state

    def dump(self) -> Any:
        """The state as JSON can hold it, for a process that is started again. `restore` takes it up."""
        with self._one_at_a_time:
            return plain(self.state)

    def restore(self, document: Any) -> None:
        """Take up a state that `dump` gave. Overridden by each that runs as a process with `--state`."""
        raise NotImplementedError

    def error(self, status: int, message: str, request: Request) -> Response:
        """An error answer of this system. Overridden by each."""
        raise NotImplementedError

    def halve(self, request: Request) -> Request | None:
        """The first half of a batch request. Overridden where batches exist."""
        return None

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one HTTP request; websockets and lifespan are left alone."""
        if scope["type"] != "http":
            return
        request = await receive_request(scope, receive)
        if request.path.startswith(PREFIX):
            await send_response(send, self._steered(request))
            return
        fault = self.schedule.next_for(request.method, request.path)
        if fault is not None and fault.kind in STATUS_OF:
            await send_response(send, self._refusal(fault, request))
            return
        response = self._respond(request, fault)
        await self._answer(response, fault, receive, send)

    def _steered(self, request: Request) -> Response:
        with self._one_at_a_time:
            self.changes += request.method != "GET"
            return self.steering.answer(request) or self.error(404, "not found", request)

    def _refusal(self, fault: Fault, request: Request) -> Response:
        answer = self.error(STATUS_OF[fault.kind], str(fault.kind), request)
        if fault.kind != FaultKind.THROTTLED:
            return answer
        headers = {**answer.headers, "Retry-After": str(max(1, round(fault.seconds)))}
        return Response(answer.status, answer.body, headers)

    def _respond(self, request: Request, fault: Fault | None) -> Response:
        with self._one_at_a_time:
            match fault.kind if fault else None:
                case FaultKind.STALE if self._before:
                    return self._against(self._before[0], request)
                case FaultKind.LYING:
                    return self._against(copy.deepcopy(self.state), request)
                case FaultKind.PARTIAL:
                    half = self.halve(request)
                    if half is not None:
                        self._dispatch(half)
                    return self.error(500, "partial", request)
            return self._dispatch(request)

    def _against(self, state: State, request: Request) -> Response:
        real, self.state = self.state, state
        try:
            return self._dispatch(request)
        finally:
            self.state = real

    def _dispatch(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            self.changes += 1
            self._before.append(copy.deepcopy(self.state))
        try:
            found = self.router.dispatch(request)
        except HttpError as error:
            return self.error(error.status, "; ".join(error.messages), request)
        return found or self.error(404, "not found", request)

    async def _answer(self, response: Response, fault: Fault | None, receive: Receive, send: Send) -> None:
        match fault.kind if fault else None:
            case FaultKind.SLOW:
                await asyncio.sleep(fault.seconds if fault else 0)
            case FaultKind.LOST:
                await _until_they_give_up(receive)
                return
            case FaultKind.RESET:
                await _break_off(send, response)
        await send_response(send, response)


async def _until_they_give_up(receive: Receive) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(NEVER):
            while (await receive())["type"] != "http.disconnect":
                continue


async def _break_off(send: Send, response: Response) -> None:
    """Promise the whole body, send half of it, and end: the server closes the connection."""
    headers = [(b"content-length", str(len(response.body) + 1).encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body[: len(response.body) // 2]})
    raise ConnectionResetError


@contextmanager
def running(app: Callable[..., Any], *, seconds: float = 10.0) -> Iterator[str]:
    """Serve an ASGI application from a thread on a free port of this machine; gives its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)  # from here on a client may connect; it is answered as soon as the server runs
        config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=seconds)
