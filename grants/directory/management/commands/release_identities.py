"""`manage.py release_identities EMAIL`: let a person's next verified sign-in link a new identity."""

import getpass
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ledger.actors import operator
from grants.directory.errors import DirectoryError
from grants.directory.selectors import person_by_address
from grants.directory.services import release_identities


class Command(BaseCommand):
    help = "Forget how a person signs in, after their account at the identity provider was made anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        person = person_by_address(email)
        if person is None:
            raise CommandError(f"Nobody has the verified address {email}.")
        try:
            release_identities(person=person, by=operator(getpass.getuser()), now=timezone.now())
        except DirectoryError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"The next verified sign-in as {email} becomes {person.name}.")
