"""`manage.py messages`: collect the texts to translate; with --check, refuse what is missing or stale."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

LOCALE = "zh_Hans"
IGNORED = [".venv/*", "node_modules/*", ".data/*", "static/vendor/*", "*/tests/*"]


class Command(BaseCommand):
    """One catalogue holds every text of pages, mails and errors; English is the source."""

    help = "Collect the texts to translate into locale/ and compile them; --check changes nothing."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="fail when a text is new, gone or untranslated"
        )

    def handle(self, *_args: Any, check: bool, **_options: Any) -> None:
        """Collect, or check a copy of the catalogue. Raises CommandError with the texts that need work."""
        catalogue = Path(settings.BASE_DIR) / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
        if check and not catalogue.exists():
            raise CommandError(f"{catalogue} is missing. Run: make messages")
        if not check:
            _collect()
            _gettext("msgfmt", "--check", "-o", str(catalogue.with_suffix(".mo")), str(catalogue))
        elif problems := _check(catalogue):
            raise CommandError("\n".join([*problems, "Run `make messages` and translate."]))


def _check(catalogue: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "kept.po"
        shutil.copy2(catalogue, kept)
        try:
            _collect()
            before, after = _texts(kept), _texts(catalogue)
        finally:
            shutil.copy2(kept, catalogue)
    return [
        *(f"Not in the catalogue: {text}" for text in sorted(after - before)),
        *(f"No longer used: {text}" for text in sorted(before - after)),
        *(f"Not translated: {text}" for text in sorted(_texts(catalogue, "--untranslated"))),
        *(f"Translation is a guess: {text}" for text in sorted(_texts(catalogue, "--only-fuzzy"))),
    ]


def _collect() -> None:
    call_command(
        "makemessages",
        locale=[LOCALE],
        ignore_patterns=IGNORED,
        add_location="file",
        no_obsolete=True,
        no_wrap=True,
        verbosity=0,
    )


def _texts(catalogue: Path, *selection: str) -> set[str]:
    written = _gettext("msgattrib", "--no-wrap", "--no-obsolete", *selection, str(catalogue))
    unwrapped = written.replace('"\n"', "")
    return set(re.findall(r'^msgid "(.+)"$', unwrapped, flags=re.MULTILINE))


def _gettext(program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise CommandError(f"{program} is missing. Run: apt-get install gettext")
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise CommandError(done.stderr.strip())
    return done.stdout
