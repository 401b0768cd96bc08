"""The application: how calls are let in, found, paged and refused, and the clock that tests may move."""

import copy
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from portal.sandbox.faults import Schedule
from portal.sandbox.harbor import artifacts, docker, events, policies, projects, robots, shapes
from portal.sandbox.harbor.access import Caller, caller_of
from portal.sandbox.harbor.state import State, restored
from portal.sandbox.standin import Standin
from portal.sandbox.wire import HttpError, Request, Response, json_response

API = "/api/v2.0"
CODES = {
    400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 409: "CONFLICT", 412: "PRECONDITION",
    429: "TOO_MANY_REQUEST",
}  # fmt: skip
Handler = Callable[..., Response]


class Harbor(Standin[State]):
    """Harbor 2.15 as far as Purser knows it. `clock`: epoch seconds before `/sandbox/clock` moved them on.

    `secret` is the administrator's password. Webhooks are sent from a thread of their own (`sender`).
    """

    def __init__(
        self,
        state: State | None = None,
        *,
        schedule: Schedule | None = None,
        clock: Callable[[], float] = time.time,
        secret: str = "Harbor12345",  # noqa: S107 - a stand-in's, as Harbor's own default
    ) -> None:
        super().__init__(state or State(), schedule=schedule)
        self.secret = secret
        self.sender = events.Sender()
        self._clock = clock
        for part in (robots, projects, policies, artifacts, docker):
            part.add_routes(self)
        self.route("GET", "/configurations", configurations, right=("/", "configuration", "read"))
        self.steering.router.add("POST", "/sandbox/clock", self._move_clock)

    @property
    def now(self) -> float:
        """Epoch seconds as this Harbor has them."""
        return self._clock() + self.state.offset

    def route(self, method: str, pattern: str, handler: Handler, *, right: tuple[str, str, str]) -> None:
        """Send calls of the API to `handler(harbor, caller, request, **groups)`.

        `right`: what the caller must have; its namespace `{project}` is the project named in the path. A group
        `project` becomes that project's row.
        """

        def answered(request: Request, **groups: Any) -> Response:
            caller = caller_of(request, self.state, secret=self.secret, now=self.now)
            namespace = right[0]
            if "project" in groups:
                groups["project"] = projects.project_at(self.state, request, groups["project"])
                namespace = groups["project"]["name"] if namespace == "{project}" else namespace
            if not caller.may((namespace, right[1], right[2])):
                raise HttpError(403, "forbidden")
            return handler(self, caller, request, **groups)

        self.router.add(method, API + pattern, answered)

    def error(self, status: int, message: str, request: Request) -> Response:
        """Harbor's errors; a 500 never says what happened."""
        code = CODES.get(status, "UNKNOWN")
        text = message if status < 500 else "internal server error"
        headers = docker.challenge(request) if status == 401 and request.path.startswith("/v2/") else {}
        return json_response({"errors": [{"code": code, "message": text}]}, status, headers)

    def picture(self) -> Any:
        """The state without secrets and blobs."""
        shown = copy.deepcopy(self.state)
        shown.robots = {key: {**row, "secret": ""} for key, row in shown.robots.items()}
        shown.blobs, shown.key = {}, ""
        return shown

    def restore(self, document: Any) -> None:
        """Take up a state that was written down."""
        self.state = restored(document)

    def _dispatch(self, request: Request) -> Response:
        if "sid=" in request.headers.get("cookie", "") and request.method not in ("GET", "HEAD"):
            return self.error(403, "CSRF token not found in request", request)
        response = super()._dispatch(request)
        if request.path.startswith(API):
            # Whoever calls is given a session; whoever keeps it needs a CSRF token from then on.
            response = replace(response, headers={**response.headers, "Set-Cookie": "sid=1; Path=/"})
        waiting, self.state.outbox = self.state.outbox, []
        for message in waiting:
            self.sender.send(message)
        return response

    def _move_clock(self, request: Request) -> Response:
        self.state.offset += float(request.json().get("seconds", 0))
        return json_response({"now": shapes.stamp(self.now)})


def configurations(harbor: Harbor, caller: Caller, request: Request) -> Response:
    """The system's settings, each with whether it may be edited."""
    return json_response(
        {name: {"value": value, "editable": True} for name, value in harbor.state.configuration.items()}
    )
