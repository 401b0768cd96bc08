"""`manage.py create_token EMAIL`: an API token for a person, printed once."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.errors import PurserError
from grants.directory.selectors import person_by_address
from portal.accounts.services import user_for
from portal.accounts.tokens import SCOPES, create_token


class Command(BaseCommand):
    help = "Make an API token that acts as a person. It is printed once and cannot be read again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="made on the server")
        parser.add_argument("--days", type=int, default=30)
        parser.add_argument("--scopes", default="read", help=f"with commas, of: {', '.join(SCOPES)}")

    def handle(self, *args: Any, email: str, name: str, days: int, scopes: str, **options: Any) -> None:
        person = person_by_address(email)
        if person is None:
            raise CommandError(f"Nobody has the verified address {email}.")
        by = operator(getpass.getuser())
        try:
            _, secret = create_token(
                person=person, name=name, scopes=scopes.split(","), days=days, by=by, now=timezone.now()
            )
        except PurserError as error:
            raise CommandError(error.message) from error
        user_for(person)
        self.stdout.write(secret)
