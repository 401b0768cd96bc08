"""`manage.py read_pull_log FILE`: take pulls out of an exported audit log of Google's, each once."""

import getpass
import hashlib
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.services import audited, record
from audit.ledger.types import Detail
from grants.catalogue.models import Registry
from grants.connectors.errors import Malformed
from grants.connectors.google_pulls import GooglePull, read_entry, read_lines
from portal.webhooks.google_taking import is_about, is_too_old, take

AT_ONCE = 500


class Command(BaseCommand):
    """Repeating it, or reading lines that were pushed already, changes nothing. Records `audit.pulls.imported`."""

    help = "Take pulls out of an exported Data Access log of Artifact Registry: JSON lines, or gcloud's JSON array."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the file; - for what is piped in")
        parser.add_argument(
            "--registry", default="", help="key of the registry, where there are several of Google's"
        )

    def handle(self, *_args: Any, file: str, registry: str, **_options: Any) -> None:
        row, raw, now = _registry(registry), _content(file), timezone.now()
        said: Counter[str] = Counter()
        pulls = _pulls(raw, row, said, now)
        while some := list(islice(pulls, AT_ONCE)):
            said["new"] += take(some, registry=row, now=now)
        with audited(by=operator(getpass.getuser())):
            detail: Detail = {
                "file": Path(file).name,
                "sha256": hashlib.sha256(raw).hexdigest(),
                "new": said["new"],
            }
            record("audit.pulls.imported", subject=f"registry:{row.key}", detail=detail)
        self.stdout.write(
            f"{row.key}: {said['pulls']} pulls and looks, {said['new']} of them new; {said['others']} other lines, "
            f"{said['old']} too old, {said['unreadable']} unreadable"
        )


def _pulls(raw: bytes, registry: Registry, said: Counter[str], now: datetime) -> Iterator[GooglePull]:
    host = str(registry.options.get("host", ""))
    for line in read_lines(raw):
        try:
            if isinstance(line, Malformed):
                raise line
            pull = read_entry(line, host=host)
        except Malformed:
            said["unreadable"] += 1
            continue
        kind = "others"
        if pull is not None and is_about(pull, registry):
            kind = "old" if is_too_old(pull, now=now) else "pulls"
        said[kind] += 1
        if pull is not None and kind == "pulls":
            yield pull


def _registry(key: str) -> Registry:
    rows = Registry.objects.filter(kind="google").order_by("key")
    found = list(rows.filter(key=key) if key else rows)
    if len(found) != 1:
        known = ", ".join(rows.values_list("key", flat=True)) or "none"
        raise CommandError(f"Say whose log it is by --registry. Registries of Google's: {known}")
    return found[0]


def _content(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from None
