"""Pull tokens made on the server."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from audit.ledger.models import Event
from grants.directory.testing import make_person
from grants.tokens.models import Credential
from grants.tokens.secrets import digest_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_named_person_gets_a_pull_token_that_is_printed_once() -> None:
    make_person("bob")
    make_person("mia")
    said = StringIO()
    call_command("create_credential", "bob", "mia", "--hours", "2", stdout=said)
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert [line["username"] for line in lines] == ["bob", "mia"]
    assert {digest_of(line["secret"]) for line in lines} == {
        bytes(c.digest) for c in Credential.objects.all()
    }
    assert [
        event.actor.split(":")[0] for event in Event.objects.filter(kind="grants.credential.created")
    ] == [
        "operator",
        "operator",
    ]


def test_an_unknown_name_makes_none() -> None:
    make_person("bob")
    with pytest.raises(CommandError, match="Nobody has the user name bbo"):
        call_command("create_credential", "bob", "bbo")
    assert Credential.objects.count() == 0


def test_a_disabled_person_gets_none() -> None:
    make_person("bob", active=False)
    with pytest.raises(CommandError, match="bob: This person is disabled"):
        call_command("create_credential", "bob")
    assert Credential.objects.count() == 0
