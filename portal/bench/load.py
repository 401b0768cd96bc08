"""Load by wrk: a script with everybody's request in it, and what wrk says afterwards."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from portal.bench.people import Puller
from portal.cli.errors import DemoError

CONNECTIONS = 32
SCRIPT = """
local asked = {{
{rows}
}}
local turn = 0
function request()
  turn = turn % #asked + 1
  return wrk.format("GET", asked[turn][1], {{Authorization = asked[turn][2]}})
end
function done(summary, latency)
  io.write(string.format("answers=%d micros=%d bad=%d p50=%.3f p99=%.3f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""
SAID = re.compile(r"answers=(\d+) micros=(\d+) bad=(\d+) p50=([\d.]+) p99=([\d.]+)")


@dataclass(frozen=True)
class Loaded:
    """What a load gave: answers, those that were no 200, seconds, and milliseconds for half and 99 % of them."""

    answers: int
    bad: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def load(url: str, pullers: Sequence[Puller], *, seconds: int) -> Loaded:
    """Ask for tokens over 32 connections for so many seconds. Raises DemoError when wrk is missing or fails."""
    program = shutil.which("wrk")
    if program is None:
        raise DemoError("wrk is not installed. Run: apt-get install wrk")
    with TemporaryDirectory() as folder:
        script = Path(folder) / "ask.lua"
        script.write_text(SCRIPT.format(rows="\n".join(f'  {{"{p.path}", "{p.header}"}},' for p in pullers)))
        script.chmod(0o600)
        size = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s"]
        done = subprocess.run(  # noqa: S603 - arguments are ours
            [program, *size, "-s", str(script), url], capture_output=True, text=True, check=False
        )
    said = SAID.search(done.stdout)
    if said is None:
        raise DemoError(f"wrk failed: {(done.stderr or done.stdout).strip()[-500:]}")
    answers, micros, bad, p50, p99 = said.groups()
    return Loaded(int(answers), int(bad), int(micros) / 1e6, float(p50), float(p99))
