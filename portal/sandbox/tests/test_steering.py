"""Stand-ins are told to fail, asked for their state and counted over HTTP, and keep their state as processes."""

import json
import signal
import subprocess
import sys

import httpx
import pytest

from portal.sandbox.standin import Standin, running
from portal.sandbox.wire import Request, Response, json_response

pytestmark = pytest.mark.enable_loopback


class Counter(Standin[dict[str, int]]):
    """The smallest system: a number that grows."""

    def __init__(self) -> None:
        super().__init__({"number": 0})
        self.router.add("GET", "/number", lambda request: json_response(self.state))
        self.router.add("POST", "/number", self.grow)

    def grow(self, request: Request) -> Response:
        """One more."""
        self.state["number"] += 1
        return json_response(self.state, 201)

    def error(self, status: int, message: str, request: Request) -> Response:
        """Errors of this system."""
        return json_response({"error": message}, status)

    def restore(self, document: dict[str, int]) -> None:
        """Take up the number."""
        self.state = document


@pytest.fixture
def counter():
    with running(Counter()) as address, httpx.Client(base_url=address) as client:
        yield client


def test_faults_set_over_http_meet_the_next_calls(counter):
    set_to = {"faults": [{"kind": "throttled", "path": "/number", "times": 2, "seconds": 5}]}
    assert len(counter.post("/sandbox/control", json=set_to).json()["faults"]) == 1
    answers = [counter.post("/number") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 201]
    assert answers[0].headers["Retry-After"] == "5"
    assert counter.get("/sandbox/control").json() == {"faults": []}


def test_a_seed_gives_the_same_faults_again(counter):
    first = counter.post("/sandbox/control", json={"seed": 7, "count": 20}).json()
    assert counter.post("/sandbox/control", json={"seed": 7, "count": 20}).json() == first
    assert len(first["faults"]) == 20
    assert counter.post("/sandbox/control", json={}).json() == {"faults": []}


def test_calls_are_counted_without_those_that_steer(counter):
    counter.post("/number")
    counter.get("/number")
    counter.get("/number")
    assert counter.get("/sandbox/state").json() == {"number": 1}
    assert counter.get("/sandbox/calls").json() == {
        "total": 3,
        "calls": {"POST /number": 1, "GET /number": 2},
    }
    assert counter.post("/sandbox/calls/reset").json() == {"total": 0, "calls": {}}


@pytest.mark.parametrize("body", ["[", '{"faults": [{"kind": "boring"}]}', '{"more": 1}'])
def test_a_control_that_cannot_be_read_is_refused(counter, body):
    assert counter.post("/sandbox/control", content=body).status_code == 400


def test_a_process_says_where_it_listens_and_takes_up_its_state_again(tmp_path):
    kept = tmp_path / "state.json"
    assert _one_life(kept) == {"number": 1}
    assert _one_life(kept) == {"number": 2}
    assert json.loads(kept.read_text()) == {"number": 2}


def _one_life(kept):
    program = (
        "from portal.sandbox.standin import serve; from portal.sandbox.tests.test_steering import Counter;"
        f"serve(lambda given: Counter(), ['--port', '0', '--state', {str(kept)!r}], name='Counter')"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        words = process.stdout.readline().split()
        assert words[:-1] == ["Counter", "stand-in", "listening", "on"]
        return httpx.post(f"{words[-1]}/number", timeout=10).json()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
