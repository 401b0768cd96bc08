"""`manage.py set_password EMAIL`: a local password, where local accounts are on."""

import getpass
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.errors import PurserError
from grants.directory.selectors import person_by_address
from portal.accounts.services import set_password

RULES: Sequence[Any] = [MinimumLengthValidator(12), CommonPasswordValidator()]


class Command(BaseCommand):
    help = "Give a person a local password (PURSER_LOCAL_ACCOUNTS). It is asked for, never an argument."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, email: str, **options: Any) -> None:
        person = person_by_address(email)
        if person is None:
            raise CommandError(f"Nobody has the verified address {email}.")
        password = getpass.getpass("New password: ")
        try:
            validate_password(password, password_validators=RULES)
            set_password(person=person, password=password, by=operator(getpass.getuser()), now=timezone.now())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except PurserError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{person.name} can sign in with {person.user_name} and this password.")
