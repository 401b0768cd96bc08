"""Faults between the connector and a real API server: a proxy that fails as a schedule says."""

from collections import deque

import httpx

from portal.sandbox.faults import Fault, FaultKind, Schedule
from portal.sandbox.standin import Standin
from portal.sandbox.wire import Request, Response, json_response

_PASSED_ON = ("content-type", "accept")


class FaultProxy(Standin[None]):
    """Passes every call on with `http`, whose credentials it uses.

    A lie is the same call as a dry run: answered like a success, and nothing kept. A stale read is an earlier
    answer to the same call.
    """

    def __init__(self, http: httpx.Client, schedule: Schedule) -> None:
        super().__init__(None, schedule=schedule)
        self._http = http
        self._read: dict[str, deque[Response]] = {}

    def error(self, status: int, message: str, request: Request) -> Response:
        body = {"kind": "Status", "status": "Failure", "message": message, "reason": message, "code": status}
        return json_response(body, status)

    def _respond(self, request: Request, fault: Fault | None) -> Response:
        match fault.kind if fault else None:
            case FaultKind.PARTIAL:
                return self.error(500, "partial", request)
            case FaultKind.LYING:
                return self._forward(request, lie=True)
            case FaultKind.STALE if self._read.get(self._asked(request)):
                return self._read[self._asked(request)][0]
        return self._forward(request)

    def _asked(self, request: Request) -> str:
        return f"{request.path}?{sorted(request.query.items())}"

    def _forward(self, request: Request, *, lie: bool = False) -> Response:
        params = [(name, value) for name, values in request.query.items() for value in values]
        if lie:
            params = [pair for pair in params if pair[0] != "dryRun"] + [("dryRun", "All")]
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        answer = self._http.request(
            request.method, request.path, params=params, content=request.body, headers=headers
        )
        found = Response(answer.status_code, answer.content, {"Content-Type": answer.headers["content-type"]})
        if request.method == "GET":
            self._read.setdefault(self._asked(request), deque(maxlen=2)).append(found)
        return found
