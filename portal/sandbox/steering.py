"""What every stand-in that keeps state can be told and asked over HTTP, beside the system's own calls.

    POST /sandbox/control      {"seed": 7, "count": 20}, {"faults": [{"kind": "lost", "path": "/robots"}]} or {}: the
                               faults to come, in place of those before
    GET  /sandbox/control      the faults still to come
    GET  /sandbox/state        the whole state, for oracles
    GET  /sandbox/calls        how often the system itself was called; POST /sandbox/calls/reset begins anew

None of these calls is counted or meets a fault.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from portal.sandbox.faults import Fault, FaultKind, Schedule, seeded
from portal.sandbox.wire import HttpError, Request, Response, Router, json_response

PREFIX = "/sandbox/"


class FaultWanted(BaseModel):
    """One fault to come, as `portal.sandbox.faults.Fault` has it."""

    model_config = ConfigDict(extra="forbid")
    kind: FaultKind
    path: str = ""
    times: int = Field(default=1, ge=1)
    seconds: float = Field(default=0.0, ge=0, le=3600)


class ControlWanted(BaseModel):
    """Faults written out, or `count` of `kinds` drawn from a seed; neither: none."""

    model_config = ConfigDict(extra="forbid")
    faults: list[FaultWanted] = Field(default_factory=list)
    seed: int | None = None
    count: int = Field(default=0, ge=0, le=100_000)
    kinds: list[FaultKind] = Field(default_factory=lambda: list(FaultKind))

    def drawn(self) -> list[Fault]:
        """The faults asked for."""
        written = [Fault(one.kind, one.path, one.times, one.seconds) for one in self.faults]
        if self.seed is None:
            return written
        return written + seeded(self.seed, count=self.count, kinds=self.kinds).faults


class Steering:
    """The answers to the calls above, for one schedule and a state that `picture` shows."""

    def __init__(self, schedule: Callable[[], Schedule], picture: Callable[[], Any]) -> None:
        self._schedule = schedule
        self._picture = picture
        self.router = Router()
        self.router.add("POST", "/sandbox/control", self._control)
        self.router.add("GET", "/sandbox/control", lambda request: self._faults())
        self.router.add("GET", "/sandbox/state", lambda request: json_response(plain(self._picture())))
        self.router.add("GET", "/sandbox/calls", lambda request: self._calls())
        self.router.add("POST", "/sandbox/calls/reset", self._reset)

    def answer(self, request: Request) -> Response | None:
        """The answer to one call below `/sandbox/`; None when it is not one of these."""
        try:
            return self.router.dispatch(request)
        except HttpError as error:
            return json_response({"errors": list(error.messages)}, error.status)

    def _control(self, request: Request) -> Response:
        try:
            wanted = ControlWanted.model_validate_json(request.body or b"{}")
        except ValidationError as error:
            raise HttpError(400, f"The control cannot be read: {error.error_count()} mistakes.") from None
        self._schedule().faults[:] = wanted.drawn()
        return self._faults()

    def _faults(self) -> Response:
        return json_response({"faults": [plain(fault) for fault in self._schedule().faults]})

    def _calls(self) -> Response:
        calls = self._schedule().calls
        counted = Counter(f"{method} {path}" for method, path in calls)
        return json_response({"total": len(calls), "calls": dict(counted)})

    def _reset(self, request: Request) -> Response:
        self._schedule().calls.clear()
        return self._calls()


def plain(value: object) -> Any:
    """A state as JSON can hold it: dataclasses as objects, keys as text, sets sorted, bytes and the rest as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _key(key: object) -> str:
    return "/".join(map(str, key)) if isinstance(key, tuple) else str(key)
