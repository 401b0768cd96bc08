"""What webhooks say (Harbor's own format and CloudEvents), and the thread that sends them."""

from __future__ import annotations

import json
import queue
import threading
import uuid
from typing import TYPE_CHECKING

import httpx

from portal.sandbox.harbor.policies import EVENTS, policies_of
from portal.sandbox.harbor.shapes import stamp
from portal.sandbox.harbor.state import Row

if TYPE_CHECKING:
    from portal.sandbox.harbor.app import Harbor

ATTEMPTS = 3
TIMEOUT = 5.0


def happened(
    harbor: Harbor, kind: str, *, project: Row, artifact: Row, reference: str, operator: str
) -> None:
    """Lay one event into the outbox for every policy of the project that wants it."""
    name = artifact["repository"].partition("/")[2]
    repository = {
        "date_created": int(harbor.now), "name": name, "namespace": project["name"],
        "repo_full_name": artifact["repository"], "repo_type": "private",
    }  # fmt: skip
    # Pulled by digest, the tag is the digest: so Harbor writes it.
    resource = {
        "digest": artifact["digest"],
        "tag": reference,
        "resource_url": f"{artifact['repository']}:{reference}",
    }
    payload = {
        "type": kind, "occur_at": int(harbor.now), "operator": operator,
        "event_data": {"resources": [resource], "repository": repository},
    }  # fmt: skip
    for policy in policies_of(harbor.state, project):
        if policy["enabled"] and kind in policy["event_types"]:
            harbor.state.outbox += [_message(target, policy, payload) for target in policy["targets"]]


def _message(target: Row, policy: Row, payload: Row) -> Row:
    native = target["payload_format"] == "Default"
    body = payload if native else _cloud_event(policy, payload)
    kind = "application/json" if native else "application/cloudevents+json"
    headers = {"Content-Type": kind, "Authorization": target["auth_header"]}
    return {"address": target["address"], "headers": headers, "body": json.dumps(body)}


def _cloud_event(policy: Row, payload: Row) -> Row:
    source = f"/projects/{policy['project_id']}/webhook/policies/{policy['id']}"
    return {
        "specversion": "1.0", "id": str(uuid.uuid4()), "requestid": str(uuid.uuid4()), "source": source,
        "type": f"harbor.{EVENTS[payload['type']]}", "datacontenttype": "application/json",
        "time": stamp(payload["occur_at"])[:-5] + "Z", "data": payload["event_data"], "operator": payload["operator"],
    }  # fmt: skip


class Sender:
    """Sends in order from one thread, each message at most three times; any 2xx is success.

    `given_up` counts those nobody took.
    """

    def __init__(self) -> None:
        self.given_up = 0
        self._waiting: queue.Queue[Row] = queue.Queue()
        self._thread: threading.Thread | None = None

    def send(self, message: Row) -> None:
        """Send soon."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        self._waiting.put(message)

    def drain(self) -> None:
        """Wait until everything was sent or given up."""
        self._waiting.join()

    def _run(self) -> None:
        while True:
            message = self._waiting.get()
            try:
                self.given_up += not any(_taken(message) for _ in range(ATTEMPTS))
            finally:
                self._waiting.task_done()


def _taken(message: Row) -> bool:
    try:
        answer = httpx.post(
            message["address"],
            content=message["body"],
            headers=message["headers"],
            timeout=TIMEOUT,
            trust_env=False,
        )
    except httpx.HTTPError:
        return False
    return answer.is_success
