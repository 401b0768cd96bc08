"""`manage.py seed_demo --out FILE`: the demo's people, projects and images."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from portal.sandbox.organisation.seeding import SeedError, seed


class Command(BaseCommand):
    """Fill an empty Purser with a believable organisation."""

    help = (
        "Fill in the demo's people, teams, projects, issues and images. Never run it on a real installation."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--out", required=True, help="where to write who can sign in, as JSON (mode 0600)"
        )
        parser.add_argument(
            "--targets", type=Path, help="a TOML file of stand-ins for Harbor, Google, Kubernetes"
        )

        parser.add_argument(
            "--sources", type=Path, help="a TOML file of stand-ins for OpenCost and Prometheus"
        )

    def handle(
        self, *_args: Any, out: str, targets: Path | None, sources: Path | None, **_options: Any
    ) -> None:
        try:
            seeded = seed(now=timezone.now(), targets=targets, sources=sources)
        except SeedError as error:
            raise CommandError(str(error)) from error
        path = Path(out)
        path.touch(mode=0o600)
        path.write_text(json.dumps(seeded, ensure_ascii=False), encoding="utf-8")
