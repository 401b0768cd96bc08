"""The Google stand-in: one ASGI application for all that is REST, with the gRPC side over the same state."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from grants.connectors.google_clients import Endpoints
from portal.sandbox.faults import Fault, FaultKind, Schedule
from portal.sandbox.google.accounts import AccountCalls, against, copied, serving_grpc
from portal.sandbox.google.identity import IdentityCalls
from portal.sandbox.google.policies import PolicyCalls
from portal.sandbox.google.state import Delays, GoogleState
from portal.sandbox.standin import Standin, running
from portal.sandbox.wire import HttpError, Request, Response, json_response

_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
           409: "ABORTED", 412: "FAILED_PRECONDITION", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL"}  # fmt: skip


class GoogleStandin(Standin[GoogleState]):
    """Google, as far as Purser's connector speaks with it.

    `POST /sandbox/clock {"advance": seconds}` lets time pass. `POST /sandbox/images {"repository": "P/L/R", "image",
    "digest", "tags", "size"}` puts an image there.
    """

    def __init__(self, state: GoogleState, *, schedule: Schedule | None = None) -> None:
        super().__init__(state, schedule=schedule)
        PolicyCalls(self)
        IdentityCalls(self)
        self.accounts = AccountCalls(self)
        self.steering.router.add("POST", "/sandbox/clock", self._advance)
        self.steering.router.add("POST", "/sandbox/images", self._push)

    def error(self, status: int, message: str, request: Request) -> Response:
        """An error as Google's REST writes it."""
        said = "ALREADY_EXISTS" if "already exists" in message else _STATUS.get(status, "UNKNOWN")
        return json_response({"error": {"code": status, "message": message, "status": said}}, status)

    def at_once(self, work: Callable[[], bytes], *, writes: bool, fault: Fault | None) -> bytes:
        """Do the work of one gRPC call, alone, as the fault wants it."""
        with self._one_at_a_time:
            kind = fault.kind if fault else None
            if kind == FaultKind.STALE and self._before:
                return against(self, self._before[0], work)
            if kind == FaultKind.LYING:
                return against(self, copied(self.state), work)
            if writes:
                self.changes += 1
                self._before.append(copied(self.state))
            return work()

    def picture(self) -> Any:
        """The state for oracles, without tokens."""
        shown = copied(self.state)
        shown.tokens = {}
        return shown

    def restore(self, document: Any) -> None:
        """Take up a state that was written down."""
        self.state = GoogleState(**{**document, "delays": Delays(**document["delays"])})

    def _advance(self, request: Request) -> Response:
        seconds = request.json().get("advance", 0)
        if not isinstance(seconds, int | float) or seconds < 0:
            raise HttpError(400, "advance is a number of seconds, not less than 0")
        self.state.offset += seconds
        return json_response({"now": self.state.clock()})

    def _push(self, request: Request) -> Response:
        sent = request.json()
        project, location, name = str(sent.get("repository", "")).split("/")
        resource = f"projects/{project}/locations/{location}/repositories/{name}"
        if resource not in self.state.repositories:
            self.state.add_repository(resource)
        digest, tags = str(sent["digest"]), [str(tag) for tag in sent.get("tags", [])]
        self.state.add_image(
            resource, str(sent["image"]), digest=digest, tags=tags, size=sent.get("size", 1000)
        )
        return json_response({"repository": resource})


@contextmanager
def running_google(app: GoogleStandin) -> Iterator[Endpoints]:
    """Serve both sides from threads; gives the endpoints a connector needs."""
    with running(app) as base, serving_grpc(app, app.accounts) as rpc:
        yield Endpoints(base, base, rpc, base, base, base)
