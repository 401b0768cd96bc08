"""How the stand-in misbehaves on demand: faults of its REST answers and of its webhooks, from one seed."""

import random
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from portal.sandbox.wire import HttpError, Request, Response, json_response


class Fault(BaseModel):
    """Answers under `path` go wrong with a probability of `rate`, `times` times at most (0: for ever)."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["429", "500", "503", "slow", "html"]
    path: str = "/rest/"
    rate: float = Field(default=1.0, ge=0, le=1)
    times: int = Field(default=0, ge=0)
    retry_after: int = Field(default=1, ge=0)
    seconds: float = Field(default=1.0, ge=0, le=60)


class Webhooks(BaseModel):
    """What happens to webhooks on their way.

    `duplicate`: extra copies of each. `delay`: seconds before each. `reorder`: hold this many and send them
    backwards. `drop_next`: lose that many. `drop_rate`: lose each with this probability.
    """

    model_config = ConfigDict(extra="forbid")
    duplicate: int = Field(default=0, ge=0, le=100)
    delay: float = Field(default=0.0, ge=0, le=3600)
    reorder: int = Field(default=0, ge=0, le=10_000)
    drop_next: int = Field(default=0, ge=0)
    drop_rate: float = Field(default=0.0, ge=0, le=1)


class Control(BaseModel):
    """Everything `POST /sandbox/control` sets; what is left out returns to its default."""

    model_config = ConfigDict(extra="forbid")
    seed: int = 0
    faults: list[Fault] = Field(default_factory=list)
    webhooks: Webhooks = Field(default_factory=Webhooks)
    _chance: random.Random = PrivateAttr(default_factory=random.Random)

    def model_post_init(self, _: object) -> None:
        """Start the dice at the seed: the same calls meet the same faults."""
        self._chance.seed(self.seed)

    def fault_for(self, request: Request) -> Fault | None:
        """The fault this request meets, if any."""
        for fault in self.faults:
            if request.path.startswith(fault.path) and self._chance.random() < fault.rate:
                self._use_up(fault)
                return fault
        return None

    def loses_webhook(self) -> bool:
        """Whether the next webhook gets lost."""
        if self.webhooks.drop_next:
            self.webhooks.drop_next -= 1
            return True
        return self._chance.random() < self.webhooks.drop_rate

    def _use_up(self, fault: Fault) -> None:
        if fault.times == 1:
            self.faults.remove(fault)
        elif fault.times:
            fault.times -= 1


def fault_response(fault: Fault) -> Response | None:
    """The answer of a fault; None when it is only slow."""
    wait = {"Retry-After": str(fault.retry_after)}
    if fault.kind == "429":
        headers = {**wait, "RateLimit-Reason": "jira-burst-based"}
        return json_response({"errorMessages": ["Rate limit exceeded."]}, 429, headers)
    if fault.kind == "503":
        return json_response({"errorMessages": ["Service unavailable."]}, 503, wait)
    if fault.kind == "500":
        return json_response({"errorMessages": ["Internal server error."]}, 500)
    if fault.kind == "html":
        return Response(200, b"<!doctype html><title>Log in</title>", {"Content-Type": "text/html"})
    return None


def read_control(body: bytes) -> Control:
    """A new control from JSON. Raises HttpError 400."""
    try:
        return Control.model_validate_json(body or b"{}")
    except ValueError as error:
        raise HttpError(400, f"The control cannot be read: {type(error).__name__}.") from None
