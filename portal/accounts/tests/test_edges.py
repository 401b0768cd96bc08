"""The edges of sign-in without a provider: closed routes, passwords, redirects, caches, claims, SAML."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from allauth.account.adapter import get_adapter
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.utils.translation import get_language

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.directory.people import disable_person, set_language
from grants.directory.testing import Cast, cast
from portal.accounts import checks
from portal.accounts.claims import oidc_claims, saml_claims
from portal.accounts.middleware import WAS_HERE
from portal.accounts.testing import sign_in
from portal.urls import urlpatterns as real_urls

pytestmark = pytest.mark.django_db
OPERATOR = operator("root")
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def who(request: HttpRequest) -> HttpResponse:
    viewer = request.viewer  # type: ignore[attr-defined]
    return HttpResponse(f"{viewer.person.user_name if viewer else 'nobody'} {get_language()}")


def away(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=302, headers={"Location": "/accounts/login/?next=/away/"})


urlpatterns = [path("who/", who), path("away/", away), *real_urls]


@pytest.fixture
def people(settings: Any) -> Cast:
    settings.ROOT_URLCONF = __name__
    return cast()


CLOSED = [
    "signup/",
    "email/",
    "password/change/",
    "password/set/",
    "password/reset/",
    "password/reset/key/1-set-password/",
    "reauthenticate/",
    "confirm-email/x/",
    "login/code/confirm/",
    "3rdparty/",
    "3rdparty/signup/",
    "social/signup/",
    "social/connections/",
    "2fa/",
    "sessions/",
    "",
]


@pytest.mark.parametrize("route", CLOSED)
@pytest.mark.parametrize("method", ["get", "post"])
def test_closed_routes_do_not_exist(people: Cast, route: str, method: str) -> None:
    for client in (Client(), sign_in(Client(), people.alice)):
        assert getattr(client, method)(f"/accounts/{route}").status_code == 404


@pytest.mark.parametrize(
    ("route", "status"),
    [("login/", 200), ("logout/", 302), ("inactive/", 200), ("3rdparty/login/cancelled/", 200)],
)
def test_open_routes_answer(people: Cast, route: str, status: int) -> None:
    assert Client().get(f"/accounts/{route}").status_code == status


def test_passwords_do_not_count_while_local_accounts_are_off(people: Cast, settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = True
    secret = "correct horse battery"
    _set_password(secret)
    assert authenticate(None, username="ALICE", password=secret)
    assert authenticate(None, username="alice@example.com", password=secret)
    assert authenticate(None, username="alice", password="wrong") is None
    assert authenticate(None, username="bob", password="") is None

    settings.LOCAL_ACCOUNTS = False

    assert authenticate(None, username="alice", password=secret) is None
    assert Client().post("/accounts/login/", {"login": "alice", "password": secret}).status_code == 403


def test_password_of_disabled_person_does_not_count(people: Cast, settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = True
    _set_password("correct horse battery")

    disable_person(person=people.alice, reason="", by=OPERATOR, now=NOW)

    assert authenticate(None, username="alice", password="correct horse battery") is None


def _set_password(secret: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("getpass.getpass", lambda _prompt: secret)
        call_command("set_password", "alice@example.com", stdout=StringIO())


@pytest.mark.parametrize("secret", ["short", "password1234", "correct horse battery"])
def test_command_refuses_weak_passwords_and_closed_local_accounts(
    people: Cast, settings: Any, secret: str
) -> None:
    settings.LOCAL_ACCOUNTS = secret != "correct horse battery"

    with pytest.raises(CommandError):
        _set_password(secret)

    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("/requests/1/?a=b#c", True),
        ("/", True),
        *(
            (url, False)
            for url in (
                "",
                None,
                "https://evil.example/x",
                "//evil.example",
                "///evil.example",
                "/\\evil.example",
                "\\\\evil.example",
                "http:///evil.example",
                "javascript:alert(1)",
                "%09//evil.example",
                "\t//evil.example",
                " //evil.example",
                "/\t/evil.example",
                "http://testserver/x",
                "http://user@evil.example/",
                "data:text/html,x",
            )
        ),
    ],
)
def test_only_paths_of_this_site_are_returned_to(url: str | None, safe: bool) -> None:
    assert get_adapter(RequestFactory().get("/")).is_safe_url(url) is safe


def test_viewer_language_and_caching(people: Cast) -> None:
    client = sign_in(Client(), people.alice)
    assert (client.get("/who/").content, client.get("/who/").headers["Cache-Control"]) == (
        b"alice en",
        "no-store",
    )

    set_language(person=people.alice, language="zh-hans", by=OPERATOR, now=NOW)

    answer = client.get("/who/", headers={"Accept-Language": "en"})
    assert (answer.content, answer.headers["Content-Language"]) == (b"alice zh-hans", "zh-hans")
    anonymous = Client().get("/who/")
    assert (anonymous.content, anonymous.has_header("Cache-Control")) == (b"nobody en", False)


def test_disabled_session_is_gone_for_good_and_told_why(people: Cast) -> None:
    client = sign_in(Client(), people.bob)
    client.get("/who/")

    disable_person(person=people.bob, reason="", by=OPERATOR, now=NOW)

    assert client.get("/who/").content == b"nobody en"
    assert "_auth_user_id" not in client.session
    assert "because your account changed" in client.get("/accounts/login/").content.decode()
    assert "because your account changed" not in client.get("/accounts/login/").content.decode()


def test_session_that_ran_out_is_told_once(people: Cast) -> None:
    client = sign_in(Client(), people.bob)
    client.get("/who/")
    del client.cookies["session"]

    assert "You were signed out after 8 hours" in client.get("/accounts/login/").content.decode()
    assert "signed out after" not in client.get("/accounts/login/").content.decode()


def test_signing_out_forgets_the_browser(people: Cast) -> None:
    client = sign_in(Client(), people.bob)
    client.get("/who/")
    assert client.cookies[WAS_HERE].value == "ran-out"

    client.post("/accounts/logout/")

    assert client.cookies[WAS_HERE].value == ""
    assert "signed out after" not in client.get("/accounts/login/").content.decode()


def test_fragment_without_session_leads_the_whole_page_to_sign_in(people: Cast) -> None:
    answer = Client().get("/away/", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, "/accounts/login/?next=/away/")
    assert Client().get("/away/").status_code == 302


@pytest.mark.parametrize(
    ("data", "groups_claim", "groups"),
    [
        ({"userinfo": {"groups": ["a", 3, "b"]}}, "groups", ("a", "b")),
        ({"userinfo": {}, "id_token": {"groups": "one"}}, "groups", ("one",)),
        ({"userinfo": {"realm_access": {"roles": ["r"]}}}, "realm_access.roles", ("r",)),
        ({"userinfo": {"https://x.org/groups": ["g"]}}, "https://x.org/groups", ("g",)),
        ({"userinfo": {"groups": {"a": 1}}}, "groups", ()),
        ({"userinfo": {"groups": []}}, "groups", ()),
        ({"userinfo": {}}, "groups", None),
        ({"userinfo": {"groups": None}}, "groups", None),
        ({"userinfo": {"realm_access": {}}}, "realm_access.roles", None),
        ({"id_token": {"_claim_names": {"groups": "src1"}}}, "groups", None),
    ],
)
def test_groups_are_read_where_providers_put_them(
    data: dict[str, Any], groups_claim: str, groups: tuple[str, ...] | None
) -> None:
    assert oidc_claims(data, groups_claim=groups_claim, trust_email=False).groups == groups


@pytest.mark.parametrize(
    ("verified", "trust", "expected"),
    [
        (True, False, True),
        ("true", False, True),
        (None, True, True),
        (None, False, False),
        (False, True, False),
        ("false", True, False),
        (1, False, False),
    ],
)
def test_addresses_count_as_verified(verified: object, trust: bool, expected: bool) -> None:
    said = {"email": " Alice@Example.com ", "name": "Ali\u200bce  X", "preferred_username": "ALICE"}
    if verified is not None:
        said["email_verified"] = verified  # type: ignore[assignment]

    claims = oidc_claims({"userinfo": said}, groups_claim="groups", trust_email=trust)

    assert (claims.address, claims.address_verified) == ("alice@example.com", expected)
    assert (claims.name, claims.user_name) == ("Alice X", "alice")


def test_claims_that_are_no_text_say_nothing() -> None:
    claims = oidc_claims({"userinfo": {"email": ["a@b"], "name": 3}}, groups_claim="groups", trust_email=True)

    assert (claims.address, claims.name) == ("", "")


def test_saml_attributes_become_claims() -> None:
    mapping = {"uid": "uid", "email": "mail", "name": "displayName", "groups": "memberOf"}
    attributes = {"mail": ["Alice@Example.com"], "displayName": ["Alice"], "memberOf": ["team:a", "auditor"]}

    claims = saml_claims(attributes, mapping, trust_email=True)

    assert (claims.address, claims.address_verified, claims.name) == ("alice@example.com", True, "Alice")
    assert claims.groups == ("team:a", "auditor")
    assert saml_claims(attributes, {"groups": "rolle"}, trust_email=True).groups is None


def test_saml_service_describes_itself_and_sends_people_to_the_provider(people: Cast, settings: Any) -> None:
    idp = {
        "entity_id": "https://idp.example.com",
        "sso_url": "https://idp.example.com/sso",
        "x509cert": "MIIB",
    }
    app = {"provider_id": idp["entity_id"], "client_id": "saml", "name": "SSO"}
    app["settings"] = {"idp": idp, "attribute_mapping": {"uid": "uid", "email": "email"}}  # type: ignore[assignment]
    settings.SOCIALACCOUNT_PROVIDERS = {"saml": {"APPS": [app]}}

    client = Client(HTTP_HOST="127.0.0.1")  # the SAML library refuses hosts without a dot
    metadata = client.get("/accounts/saml/saml/metadata/")
    login = client.post("/accounts/saml/saml/login/")

    assert (metadata.status_code, b"/accounts/saml/saml/acs/" in metadata.content) == (200, True)
    assert (login.status_code, login.headers["Location"].startswith("https://idp.example.com/sso?")) == (
        302,
        True,
    )


def test_checks_name_a_broken_group_map_and_local_accounts(settings: Any, tmp_path: Any) -> None:
    assert checks.group_map_is_readable() == checks.local_accounts_are_for_trials() == []
    (tmp_path / "map.json").write_text('{"a": "king"}')
    settings.GROUP_MAP_FILE, settings.LOCAL_ACCOUNTS = str(tmp_path / "map.json"), True

    assert [check.id for check in checks.group_map_is_readable()] == ["accounts.E001"]
    assert [check.id for check in checks.local_accounts_are_for_trials()] == ["accounts.W001"]


def test_viewer_is_read_in_few_queries(people: Cast, django_assert_num_queries: Any) -> None:
    client = sign_in(Client(), people.alice)
    client.get("/who/")

    with django_assert_num_queries(3):  # session, user with person, memberships with roles
        client.get("/who/")
