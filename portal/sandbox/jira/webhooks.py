"""Sends webhooks as Jira does: signed, identified, retried, in no promised order."""

import asyncio
import hashlib
import hmac
import json
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from portal.sandbox.jira.control import Control
from portal.sandbox.jira.store import Flavour

_RETRIED = frozenset({408, 409, 425, 429})
_KEPT = 1000


@dataclass(slots=True)
class Delivery:
    """One webhook on its way. `statuses`: what the receiver answered, 0 for a broken connection."""

    identifier: str
    event: str
    body: bytes = field(repr=False)
    state: str = "waiting"
    statuses: list[int] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """What `GET /sandbox/deliveries` says about it."""
        known = asdict(self)
        del known["body"]
        return known


class Dispatcher:
    """Sends to one address. `retry_delays`: seconds before each further attempt; Jira itself waits minutes."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        flavour: Flavour,
        retry_delays: Sequence[float],
        control: Callable[[], Control],
    ) -> None:
        self._url = url
        self._secret = secret.encode()
        self._flavour = flavour
        self._delays = tuple(retry_delays)
        self._control = control
        self._http = httpx.AsyncClient(timeout=10.0, trust_env=False)
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Delivery] = []
        self.deliveries: deque[Delivery] = deque(maxlen=_KEPT)

    def send(self, payload: dict[str, Any]) -> None:
        """Put a webhook on its way; returns at once."""
        if not self._url:
            return
        body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        delivery = Delivery(uuid.uuid4().hex, payload["webhookEvent"], body)
        self.deliveries.append(delivery)
        if self._control().loses_webhook():
            delivery.state = "dropped"
            return
        self._held.append(delivery)
        if len(self._held) >= self._control().webhooks.reorder:
            self.flush()

    def flush(self) -> int:
        """Send what is held back for reordering, the newest first; how many there were."""
        held, self._held = self._held[::-1], []
        self._start(self._deliver_in_turn(held))
        return len(held)

    async def settled(self) -> None:
        """Wait until nothing is on its way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def close(self) -> None:
        """Lose what is on its way, as Jira does when it restarts."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver_in_turn(self, held: Sequence[Delivery]) -> None:
        """First attempts keep the order given; their retries do not hold up the others."""
        webhooks = self._control().webhooks
        await asyncio.sleep(webhooks.delay)
        for delivery in held:
            for _ in range(1 + webhooks.duplicate):
                if not await self._attempt(delivery, retry=0):
                    self._start(self._retry(delivery))

    async def _retry(self, delivery: Delivery) -> None:
        for number, delay in enumerate(self._delays, start=1):
            await asyncio.sleep(delay)
            if await self._attempt(delivery, retry=number):
                return
        delivery.state = "given up"

    async def _attempt(self, delivery: Delivery, *, retry: int) -> bool:
        """Post once; whether that settles the matter (delivered, or refused for good)."""
        headers = self._headers(delivery, retry)
        try:
            answer = await self._http.post(self._url, content=delivery.body, headers=headers)
        except httpx.HTTPError:
            delivery.statuses.append(0)
            return False
        delivery.statuses.append(answer.status_code)
        if answer.status_code in _RETRIED or answer.status_code >= 500:
            return False
        delivery.state = "delivered" if answer.is_success else "refused"
        return True

    def _headers(self, delivery: Delivery, retry: int) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "Atlassian Webhook HTTP Client",
        }
        if self._secret:
            signature = hmac.new(self._secret, delivery.body, hashlib.sha256).hexdigest()
            headers["X-Hub-Signature"] = f"sha256={signature}"
        if self._flavour == "cloud":  # Data Center does not promise these
            headers["X-Atlassian-Webhook-Identifier"] = delivery.identifier
            headers["X-Atlassian-Webhook-Trace"] = delivery.identifier[:16]
            headers["X-Atlassian-Webhook-Flow"] = "Primary"
            if retry:
                headers["X-Atlassian-Webhook-Retry"] = str(retry)
        return headers
