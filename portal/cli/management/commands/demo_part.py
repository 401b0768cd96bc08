"""`manage.py demo_part`: take parts of a running demo down and up, while the rest runs on."""

import json
import signal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.cli.programs import OUTSIDE, PURSER, healthy
from portal.embedded.places import data_folder
from portal.embedded.processes import read_identity, stop, wait_until

PARTS = (*PURSER, *OUTSIDE)
SECONDS = 60.0


class Command(BaseCommand):
    """Show what happens without a part: `demo_part kill purser`, then `demo_part start purser`."""

    help = "Stop, kill or start parts of the running demo; `purser` means web, beat and worker."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["stop", "kill", "start"])
        parser.add_argument("parts", nargs="+", choices=["purser", *PARTS], metavar="part")

    def handle(self, *_args: Any, action: str, parts: list[str], **_options: Any) -> None:
        """Do it and wait until it is done.

        Raises CommandError when no demo runs, or when a part does not come up.
        """
        run = data_folder() / "run"
        demo = read_identity(run / "demo.pid")
        if demo is None or not demo.alive:
            raise CommandError("No demo is running. Start it with: make demo")
        names = [name for part in parts for name in (PURSER if part == "purser" else (part,))]
        if action == "start":
            _start(run, names)
        else:
            _end(run, names, how=signal.SIGKILL if action == "kill" else signal.SIGTERM)


def _start(run: Path, names: list[str]) -> None:
    for name in names:
        (run / f"{name}.hold").unlink(missing_ok=True)
    for name in names:
        if not wait_until(lambda name=name: _runs(run, name), seconds=SECONDS):  # type: ignore[misc]
            raise CommandError(f"{name} did not start. See its log in {run.parent / 'log'}.")
    if "web" in names and not wait_until(lambda: _healthy(run), seconds=SECONDS, every=0.1):
        raise CommandError(f"web is not well. See its log in {run.parent / 'log'}.")


def _end(run: Path, names: list[str], *, how: signal.Signals) -> None:
    for name in names:
        (run / f"{name}.hold").touch()
    for name in names:
        if process := read_identity(run / f"{name}.pid"):
            stop(process, how=how, seconds=SECONDS)


def _healthy(run: Path) -> bool:
    base = urlsplit(json.loads((run.parent / "demo.json").read_text("utf-8"))["base_url"])
    return healthy(base.hostname or "", base.port or 80)


def _runs(run: Path, name: str) -> bool:
    process = read_identity(run / f"{name}.pid")
    return process is not None and process.alive
