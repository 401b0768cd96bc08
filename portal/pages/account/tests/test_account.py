"""One's own account: language, and tokens whose secrets are shown once."""

import re

import pytest
from django.utils import timezone

from grants.catalogue.testing import make_image
from grants.directory.actors import actor_for
from grants.directory.testing import cast, make_person
from grants.tokens.models import Credential
from grants.tokens.secrets import digest_of
from grants.tokens.services import create_personal
from portal.accounts.models import ApiToken
from portal.accounts.tokens import authenticate_bearer
from portal.pages.testing import as_person, assert_constant

pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    return cast()


def test_api_token_is_shown_once_and_works(people):
    browser = as_person(people.bob)
    answer = browser.post("/account/tokens/", {"name": "report", "scopes": "read write", "days": "30"})
    secret = re.search(r"pur_[0-9A-Za-z]{43}", answer.text)[0]
    token = authenticate_bearer(secret, timezone.now())
    assert (token.person, token.scopes) == (people.bob, ["read", "write"])
    assert "no-store" in answer["Cache-Control"]
    assert secret not in browser.get("/account/").text


def test_scope_admin_is_offered_to_administrators_only(people):
    answer = as_person(people.bob).post(
        "/account/tokens/", {"name": "x", "scopes": "read write admin", "days": "30"}
    )
    assert (answer.status_code, ApiToken.objects.count()) == (422, 0)
    as_person(people.root).post("/account/tokens/", {"name": "x", "scopes": "read write admin", "days": "30"})
    assert ApiToken.objects.get().scopes == ["read", "write", "admin"]


def test_token_without_a_name_keeps_what_was_typed(people):
    answer = as_person(people.bob).post("/account/tokens/", {"name": "", "scopes": "read", "days": "365"})
    assert answer.status_code == 422
    assert "Enter what the token is for" in answer.text
    assert '<option value="365" selected>' in answer.text


def test_pull_token_is_shown_once_with_the_sign_in_command(people):
    browser = as_person(people.bob)
    answer = browser.post("/account/pull-tokens/", {"hours": "12", "next": "/grants/"})
    secret = re.search(r"purp_[0-9A-Za-z]{40}", answer.text)[0]
    credential = Credential.objects.get()
    assert bytes(credential.digest) == digest_of(secret)
    assert 'href="/grants/"' in answer.text
    assert secret not in browser.get("/account/").text
    assert credential.prefix in browser.get("/account/").text


def test_sign_in_command_names_registry_client_and_user_but_no_secret(people):
    make_image()
    answer = as_person(people.bob).post("/account/pull-tokens/", {"hours": "12", "client": "podman"})
    command = next(line.command for _, line in answer.context["lines"])
    assert command == (
        "read -rs TOKEN && printf %s \"$TOKEN\" | podman login --tls-verify=false --username 'bob'"
        " --password-stdin main.registry.test; unset TOKEN"
    )


def test_strange_way_back_is_not_followed(people):
    answer = as_person(people.bob).post("/account/pull-tokens/", {"hours": "12", "next": "//evil.example"})
    assert answer.context["back"] == "/account/"


def test_length_that_is_not_offered_is_refused(people):
    assert as_person(people.bob).post("/account/pull-tokens/", {"hours": "9999"}).status_code == 422
    assert Credential.objects.count() == 0


def test_own_tokens_are_revoked_and_nobody_elses(people):
    browser = as_person(people.bob)
    browser.post("/account/tokens/", {"name": "x", "scopes": "read", "days": "30"})
    browser.post("/account/pull-tokens/", {"hours": "12"})
    token, credential = ApiToken.objects.get(), Credential.objects.get()
    for stranger in (people.charlie, people.root):
        other = as_person(stranger)
        assert other.post(f"/account/tokens/{token.pk}/revoke/").status_code == 404
        assert other.post(f"/account/pull-tokens/{credential.pk}/revoke/").status_code == 404
    assert browser.post(f"/account/tokens/{token.pk}/revoke/").status_code == 302
    assert browser.post(f"/account/pull-tokens/{credential.pk}/revoke/").status_code == 302
    token.refresh_from_db()
    credential.refresh_from_db()
    assert None not in (token.revoked_at, credential.revoked_at)


def test_language_is_kept_with_the_person_and_said_in_it(people):
    browser = as_person(people.bob)
    browser.post("/account/", {"language": "zh-hans"})
    people.bob.refresh_from_db()
    assert people.bob.language == "zh-hans"
    assert browser.cookies["django_language"].value == "zh-hans"
    assert browser.post("/account/", {"language": "xx"}).status_code == 422


def test_language_menu_changes_the_language_a_person_has_kept(people):
    browser = as_person(people.bob)
    browser.post("/preferences/", {"language": "zh-hans"})
    people.bob.refresh_from_db()
    assert people.bob.language == ""
    browser.post("/account/", {"language": "zh-hans"})
    browser.post("/preferences/", {"language": "en"})
    people.bob.refresh_from_db()
    assert people.bob.language == "en"


def test_statements_do_not_grow_with_tokens(people):
    def make():
        create_personal(person=people.bob, hours=1, by=actor_for(people.bob), now=timezone.now())

    make()
    make_person("somebody")
    assert_constant(as_person(people.bob), "/account/", lambda: [make() for _ in range(3)])
