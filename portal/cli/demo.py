"""The demo from nothing to five lines on the screen: outside world, tables, people, Purser."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from portal.cli import programs
from portal.cli.errors import DemoError
from portal.cli.places import Place, is_loopback, tunnel
from portal.cli.ports import require_free
from portal.cli.registry_config import write_registry_config
from portal.cli.supervisor import Supervisor, leave_on_signals
from portal.cli.target_file import targets_of, write_sources, write_targets
from portal.embedded import Services
from portal.embedded.places import REPOSITORY
from portal.embedded.processes import identity, write_identity

Say = Callable[[str], None]


def run_demo(place: Place, services: Services, *, say: Say) -> None:
    """Start everything, say how to use it, stay until Ctrl-C or until a part dies, stop everything in order.

    Raises DemoError when another demo runs, a port is taken, or a part fails.
    """
    if services.attached:
        raise DemoError("Another Purser process runs the embedded services: a demo or a shell. End it first.")
    supervisor = Supervisor(run=place.data / "run", logs=place.data / "log", foreign=services.owned)
    with leave_on_signals() as ignore_signals:
        try:
            supervisor.clear_leftovers()
            _note_pids(place, services)
            require_free({"web": place.web, **place.ports}, host=place.host)
            _start(place, supervisor, say)
            supervisor.watch()
        except KeyboardInterrupt:
            say("Stopping.")
        finally:
            ignore_signals()
            for stage in programs.STOP_ORDER:
                supervisor.stop(*stage)
            services.stop()
            supervisor.forget()


def demo_file(place: Place, seeded: Mapping[str, Any]) -> dict[str, Any]:
    """What scripts need to know: the content of `demo.json` (docs/api.md)."""
    return {
        "base_url": place.url("web"),
        "registry": place.address("registry"),
        "people": seeded["people"],
        "jira": {
            "base_url": place.url("jira"),
            "webhook_url": f"{place.url('web')}/webhooks/jira/",
            "webhook_secret": place.secret_file("jira_webhook").read_text("ascii"),
            "issue": seeded["issues"],
        },
        "targets": targets_of(place),
    }


def _start(place: Place, supervisor: Supervisor, say: Say) -> None:
    settings = programs.environment(place)
    say("Preparing the database ...")
    _manage(settings, "migrate", "--verbosity", "0")
    (place.data / "registry").mkdir(mode=0o700, exist_ok=True)
    _manage(settings, "registry_ca", "--out", str(place.data / "registry" / "ca.pem"))
    say("Starting the registry, Jira, Harbor, Google, Kubernetes and their metrics ...")
    config = write_registry_config(place)
    around = (
        programs.jira, programs.harbor, programs.google, programs.kubernetes, programs.opencost, programs.prometheus,
    )  # fmt: skip
    supervisor.start(programs.registry(place, config), *(program(place, settings) for program in around))
    say("Filling in people, projects, images and half a year of GPU use ...")
    seeded = _seed(place, settings)
    say("Starting single sign-on and Purser ...")
    supervisor.start(programs.oidc(place, seeded["claims"]))
    supervisor.start(programs.worker(settings), programs.beat(settings), programs.web(place, settings))
    _write_private(
        place.data / "demo.json", json.dumps(demo_file(place, seeded), indent=2, ensure_ascii=False)
    )
    _greet(place, seeded, say)


def _seed(place: Place, settings: Mapping[str, str]) -> dict[str, Any]:
    path = place.data / "run" / "seed.json"
    files = ["--targets", str(write_targets(place)), "--sources", str(write_sources(place))]
    _manage(settings, "seed_demo", "--out", str(path), *files)
    seeded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    path.unlink()
    return seeded


def _greet(place: Place, seeded: Mapping[str, Any], say: Say) -> None:
    people = ", ".join(f"{person['name']} ({role})" for role, person in seeded["people"].items())
    say(f"Purser is ready: {place.url('web')}   (Ctrl-C stops everything)")
    say(f"Sign in without a password as: {people}")
    say(
        f"Try: request images as the lead, approve as the others, then pull from {place.address('registry')}."
    )
    say(f"Then finish the project: press Done at {place.url('jira')} and pull again.")
    if is_loopback(place) and not {"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys():
        say(f"From another machine: {tunnel(place)}")
    else:
        say(f"For scripts: {place.data / 'demo.json'}   Logs: {place.data / 'log'}")


def _manage(settings: Mapping[str, str], *words: str) -> None:
    # A process of its own: settings are read once, and the schema belongs to another database role.
    done = subprocess.run(  # noqa: S603 - arguments are ours
        [sys.executable, "manage.py", *words],
        cwd=REPOSITORY,
        env=dict(settings),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise DemoError(f"manage.py {words[0]} failed:\n{(done.stderr or done.stdout).strip()[-3000:]}")


def _note_pids(place: Place, services: Services) -> None:
    run = place.data / "run"
    write_identity(run / "demo.pid", identity(os.getpid()))
    for name, process in services.owned.items():
        write_identity(run / f"{name}.pid", process)


def _write_private(path: Path, content: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
