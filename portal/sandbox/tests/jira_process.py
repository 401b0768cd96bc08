"""The Jira stand-in as a process of its own, and a receiver for its webhooks, for tests."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import httpx


@dataclass
class Standin:
    """A running stand-in: its address and a client for its control endpoints."""

    url: str
    http: httpx.Client

    def seed(self, summary: str = "Find fraud", project: str = "FRAUD", **more: Any) -> str:
        """Make an issue and return its key."""
        answer = self.http.post("/sandbox/issues", json={"summary": summary, "project": project, **more})
        return answer.raise_for_status().json()["issues"][0]["key"]

    def control(self, **settings: Any) -> None:
        """Replace the control."""
        self.http.post("/sandbox/control", json=settings).raise_for_status()

    def press(self, key: str, button: str = "done") -> httpx.Response:
        """Press a button of the page."""
        return self.http.post(f"/issues/{key}/{button}")

    def deliveries(self) -> list[dict[str, Any]]:
        """All webhooks so far, once none is on its way."""
        return self.http.post("/sandbox/settle").json()["deliveries"]


@contextmanager
def running_standin(state: Path, *arguments: str) -> Iterator[Standin]:
    """Start the stand-in on a free port."""
    command = [sys.executable, "-m", "portal.sandbox.jira", "--port", "0", "--state", str(state), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own arguments
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip().rpartition(" ")[2]
        assert url.startswith("http://127.0.0.1:"), "the stand-in did not start"
        with httpx.Client(base_url=url, trust_env=False, timeout=10) as http:
            yield Standin(url, http)
    finally:
        process.terminate()
        process.wait(10)


@dataclass
class Received:
    """One webhook as it arrived."""

    body: bytes
    headers: dict[str, str]


@dataclass
class Receiver:
    """Collects webhooks; answers with `statuses` first, then 204."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    arrived: "Queue[Received]" = field(default_factory=Queue)

    def take(self, count: int) -> list[Received]:
        """The next webhooks, waiting for them."""
        return [self.arrived.get(timeout=10) for _ in range(count)]


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    """A receiver on a free port."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            # Kept before it is answered: whoever waits for the answer finds it here.
            receiver.arrived.put(
                Received(body, {name.lower(): value for name, value in self.headers.items()})
            )
            self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name http.server gives it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/webhooks/jira/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
