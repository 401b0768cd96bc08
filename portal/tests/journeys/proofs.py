"""Proofs that need no demo: long runs of tests, on servers of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping

from portal.embedded.places import REPOSITORY
from portal.tests.journeys.steps import Act, Step

RACES = {"PURSER_RACES": "1000"}
WEBHOOKS = {"PURSER_HOSTILE_WEBHOOKS": "5000"}
"""For each of Jira's two flavours."""
OWN = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "BROKER_URL",
    "PURSER_DATA_DIR",
    "PURSER_DATABASE_ROLE",
)


def proving(*words: str, settings: Mapping[str, str] | None = None) -> Act:
    """A step that runs pytest with these words, and settings beside its own servers."""

    def act(step: Step) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in OWN}
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", *words]
        done = subprocess.run(  # noqa: S603 - arguments are ours
            argv, cwd=REPOSITORY, env=kept | dict(settings or {}), capture_output=True, text=True, check=False
        )
        step.expect(done.returncode == 0, "all tests pass", done.stdout.strip()[-1500:])
        step.figure(_counted(done.stdout) + "".join(f", {k}={v}" for k, v in (settings or {}).items()))

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
    return [("browser journeys and the axe matrix", proving("portal/tests/journeys", "-m", "journey"))]


def _counted(output: str) -> str:
    dots = sum(
        line.count(".") for line in output.splitlines() if re.fullmatch(r"[.sx]+(\s+\[\s*\d+%\])?", line)
    )
    found = re.search(r"(\d+) passed", output)
    return f"{found[1] if found else dots} tests passed"
