"""Test helpers: sign a person in without an identity provider."""

from django.test import Client

from grants.directory.models import Person
from portal.accounts.models import User


def user_of(person: Person) -> User:
    """The sign-in row of a person, made where missing."""
    user, _made = User.objects.get_or_create(
        person=person, defaults={"username": person.label, "password": "!"}
    )
    return user


def sign_in(client: Client, person: Person) -> Client:
    """Give the client a session of this person, as after single sign-on, and return the client."""
    client.force_login(user_of(person), backend="portal.accounts.backends.PersonBackend")
    return client
