"""Writes docs/states.md from the tables of states, or says that it is stale."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from approvals.requests.diagram import lane_diagram, request_diagram
from grants.delivery.diagram import delivery_diagram
from grants.lifecycle.diagram import grant_diagram, hold_diagram

HEAD = """# States

Drawn from the tables the code itself uses by `manage.py state_diagram`; `make lint` fails when this page is stale.
Brackets say who may make a move; clock, delivery, directory, catalogue and tracker are parts of Purser.
"""
ABOUT_GRANTS = """A bundle of people and images for one window. Access is allowed while it is `provisioning` or
`active` and inside its window; `ended` is written only after every target was seen to refuse."""
ABOUT_LINES = """One for each person and each image. Failures keep the state and set the next attempt; nothing is
given up."""
ABOUT_HOLDS = """Many grants that one trigger would end; their access goes on until somebody decides, or until their
own end."""
SECTIONS: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("A request", "Final states stay final; what happens next is the grant's.", request_diagram),
    ("A lane of a request", "Lanes run in parallel; the last approval approves the request.", lane_diagram),
    ("A grant", ABOUT_GRANTS, grant_diagram),
    ("An ending that the brake holds back", ABOUT_HOLDS, hold_diagram),
    ("A line of a grant at a target", ABOUT_LINES, delivery_diagram),
)


class Command(BaseCommand):
    help = "Write docs/states.md from the tables of states; --check only says whether it is stale."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="fail when the page is not what would be written"
        )
        parser.add_argument("--path", default=str(settings.BASE_DIR / "docs" / "states.md"))

    def handle(self, *_args: Any, **options: Any) -> None:
        page, text = Path(options["path"]), render()
        if options["check"]:
            if not page.is_file() or page.read_text("utf-8") != text:
                raise CommandError(f"{page.name} is stale: run manage.py state_diagram and commit it.")
            return
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, "utf-8")


def render() -> str:
    """The whole page: a heading, a sentence and a Mermaid drawing for each table."""
    parts = [f"## {title}\n\n{sentence}\n\n```mermaid\n{draw()}```\n" for title, sentence, draw in SECTIONS]
    return "\n".join([HEAD, *parts])
