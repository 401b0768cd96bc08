"""Proofs that need no demo: long runs of tests, on servers of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

from portal.embedded.places import REPOSITORY
from portal.tests.journeys.steps import Act, Step

RACES = {"PURSER_RACES": "1000"}
WEBHOOKS = {"PURSER_HOSTILE_WEBHOOKS": "5000"}
"""For each of Jira's two flavours."""
LOOKING = ("-m", "journey", "-n", "2", "-vv", "--tb=short", "--show-capture=no")
"""In two processes, a line for each test; one fault may fail a hundred: what the server logged is not repeated."""
OWN = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "BROKER_URL",
    "PURSER_DATA_DIR",
    "PURSER_DATABASE_ROLE",
)


def proving(*words: str, settings: Mapping[str, str] | None = None) -> Act:
    """A step that runs pytest with these words, and settings beside its own servers; it says what pytest says."""

    def act(step: Step) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in OWN}
        argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "ignore", *words]
        said: list[str] = []
        with subprocess.Popen(  # noqa: S603 - arguments are ours
            argv, cwd=REPOSITORY, env=kept | dict(settings or {}), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        ) as running:  # fmt: skip
            for line in running.stdout or ():
                said.append(line.rstrip())
                step.say(f"        {said[-1]}")
        step.expect(running.returncode == 0, "all tests pass", said[-1] if said else "nothing")
        step.figure(tally(said) + "".join(f", {k}={v}" for k, v in (settings or {}).items()))

    return act


def race_steps() -> list[tuple[str, Act]]:
    """A thousand races of deciding, and a thousand of ending."""
    return [
        (
            "1,000 races of approve, deny and withdraw",
            proving("approvals/requests/tests/test_races.py", "approvals/requests/tests/test_self_approval.py",
                    settings=RACES),
        ),
        ("1,000 races of expire, extend and revoke", proving("grants/lifecycle/tests/test_races.py", settings=RACES)),
    ]  # fmt: skip


def webhook_steps() -> list[tuple[str, Act]]:
    """Ten thousand webhooks: duplicates, forged, reordered, truncated."""
    return [("10,000 hostile webhooks", proving("portal/webhooks/tests/test_hostile.py", settings=WEBHOOKS))]


def tampering_steps() -> list[tuple[str, Act]]:
    """Two hundred tamperings by a superuser, found offline; untouched logs not accused."""
    return [("200 tamperings found from the bundle alone", proving("audit/ledger/tests/test_tampering.py"))]


def browser_steps() -> list[tuple[str, Act]]:
    """Chromium without a mouse, in both languages, and axe on every page in both themes."""
    return [("browser journeys and the axe matrix", proving("portal/tests/journeys", *LOOKING))]


def tally(said: Sequence[str]) -> str:
    """How many passed, were skipped or left out, from what pytest said last."""
    found = re.search(r"\d+ passed[^\n]*(?= in [\d.]+s)", "\n".join(said))
    return found[0] if found else "no tests passed"
