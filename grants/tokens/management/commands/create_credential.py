"""`manage.py create_credential USERNAME ...`: pull tokens for people, printed once."""

import getpass
import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.errors import PurserError
from grants.directory.models import Person
from grants.tokens.services import create_personal


class Command(BaseCommand):
    help = "Make pull tokens for people, for one who cannot sign in or for a script. Each is printed once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user_names", nargs="+", metavar="user_name")
        parser.add_argument("--hours", type=int, default=1)

    def handle(self, *args: Any, user_names: list[str], hours: int, **options: Any) -> None:
        """Print a JSON line for each: `username`, `secret`, `expires`. Raises CommandError before any is made."""
        people = Person.objects.in_bulk(user_names, field_name="user_name")
        if missing := [name for name in user_names if name not in people]:
            raise CommandError(f"Nobody has the user name {', '.join(missing)}.")
        by = operator(getpass.getuser())
        for name in user_names:
            try:
                made, secret = create_personal(person=people[name], hours=hours, by=by, now=timezone.now())
            except PurserError as error:
                raise CommandError(f"{name}: {error.message}") from error
            line = {"username": made.login, "secret": secret, "expires": made.expires_at.isoformat()}
            self.stdout.write(json.dumps(line))
