"""Single sign-on through a real provider: who somebody is, what they may do, and what happens when it is down."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.directory.models import Person
from grants.directory.people import disable_person, enable_person
from grants.directory.standing import standing_of
from grants.directory.testing import make_person, make_team
from portal.accounts.models import User
from portal.accounts.tests.conftest import Browser, Provider, free_port, use_provider

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.enable_loopback]
OPERATOR = operator("root")


def is_signed_in(browser: Browser) -> bool:
    """The sign-in page sends people who are signed in away."""
    return browser.get("/accounts/login/").status_code == 302


def sessions() -> list[tuple[str, str]]:
    return list(
        Event.objects.filter(kind__startswith="portal.session")
        .order_by("sequence")
        .values_list("kind", "actor")
    )


def test_groups_become_roles_and_the_session_is_recorded(provider: Provider, browser: Browser) -> None:
    team = make_team("anti-fraud")
    provider.tell("anna", groups=["purser:team:anti-fraud:lead", "approver:mlops", "other"])

    answer = browser.sign_in("anna")

    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    anna = Person.objects.get(user_name="anna")
    standing = standing_of(anna)
    assert (standing.led_team_ids, standing.lanes) == ({team.pk}, {"mlops"})
    assert sessions() == [("portal.session.started", anna.label)]
    assert is_signed_in(browser)
    assert SocialAccount.objects.count() == 0


def test_changed_groups_take_effect_at_the_next_sign_in(provider: Provider, browser: Browser) -> None:
    provider.tell("bert", groups=["auditor", "administrator"])
    browser.sign_in("bert")
    provider.tell("bert", groups=["auditor"])

    browser.sign_in("bert")

    assert standing_of(Person.objects.get(user_name="bert")).roles == {"auditor"}
    assert Person.objects.count() == User.objects.count() == 1


def test_new_subject_with_known_address_becomes_that_person_without_a_form(
    provider: Provider, browser: Browser
) -> None:
    alice = make_person("alice", addresses=["alias@example.com"])
    provider.tell("x-17", email="Alias@Example.com", preferred_username="smith")

    answer = browser.sign_in("x-17")

    assert answer.headers["location"] == "/"
    assert User.objects.get().person == alice
    assert alice.identities.get().subject == "x-17"


def test_doubtful_identity_gets_a_page_that_names_administrators(
    provider: Provider, browser: Browser
) -> None:
    make_person("alice")
    make_person("root", roles=["administrator"])
    provider.tell("x-18", email="alice@example.com", email_verified=False)

    answer = browser.sign_in("x-18")

    assert answer.status_code == 403
    assert "does not say that it was verified" in answer.text
    assert "Root" in answer.text
    assert (User.objects.count(), is_signed_in(browser)) == (0, False)
    event = Event.objects.get()
    assert (event.kind, event.detail["code"]) == ("portal.session.refused", "address_not_verified")


def test_person_without_a_team_is_signed_in(provider: Provider, browser: Browser) -> None:
    provider.tell("carl")

    assert browser.sign_in("carl").status_code == 302
    assert standing_of(Person.objects.get(user_name="carl")).roles == frozenset()


def test_disabled_person_is_refused_at_the_next_request_and_sign_in(
    provider: Provider, browser: Browser
) -> None:
    provider.tell("dora")
    browser.sign_in("dora")
    dora = Person.objects.get(user_name="dora")

    disable_person(person=dora, reason="left", by=OPERATOR, now=timezone.now())

    page = browser.get("/accounts/login/")
    assert page.status_code == 200
    refused = browser.sign_in("dora")
    assert (refused.status_code, "switched off" in refused.text) == (403, True)
    assert sessions()[-1] == ("portal.session.refused", "system:sign-in")
    enable_person(person=dora, by=OPERATOR, now=timezone.now())
    assert not is_signed_in(browser)


def test_session_kept_elsewhere_stays_dead_when_the_person_is_enabled_again(
    provider: Provider, browser: Browser
) -> None:
    provider.tell("erik")
    browser.sign_in("erik")
    erik = Person.objects.get(user_name="erik")

    disable_person(person=erik, reason="", by=OPERATOR, now=timezone.now())
    enable_person(person=erik, by=OPERATOR, now=timezone.now())

    assert not is_signed_in(browser)


def test_sign_out_ends_the_session_and_is_recorded(provider: Provider, browser: Browser) -> None:
    provider.tell("fay")
    browser.sign_in("fay")

    answer = browser.post("/accounts/logout/")

    assert (answer.status_code, is_signed_in(browser)) == (302, False)
    assert [kind for kind, _ in sessions()] == ["portal.session.started", "portal.session.ended"]


def test_sign_in_returns_to_the_page_asked_for_but_only_on_this_site(
    provider: Provider, browser: Browser
) -> None:
    provider.tell("gil")

    landed = [
        browser.sign_in("gil", query=f"?{httpx.QueryParams({'next': wanted})}").headers["location"]
        for wanted in ("/requests/12/?a=b", "https://evil.example/x", "//evil.example")
    ]

    assert landed == ["/requests/12/?a=b", "/", "/"]


def test_connecting_a_second_account_is_just_a_sign_in(provider: Provider, browser: Browser) -> None:
    provider.tell("hal"), provider.tell("ida")
    browser.sign_in("hal")

    away = browser.post("/accounts/oidc/sso/login/?process=connect")
    back = browser.client.post(away.headers["location"], data={"sub": "ida"})
    browser.client.get(back.headers["location"])

    assert SocialAccount.objects.count() == 0
    assert [actor for kind, actor in sessions() if kind == "portal.session.started"][
        -1
    ] == Person.objects.get(user_name="ida").label


def test_refusing_provider_gets_a_page(provider: Provider, browser: Browser) -> None:
    browser.get("/accounts/login/")
    away = browser.post("/accounts/oidc/sso/login/")
    state = httpx.URL(away.headers["location"]).params["state"]

    answer = browser.get(f"/accounts/oidc/sso/login/callback/?error=server_error&state={state}")

    assert (answer.status_code, "Sign-in did not finish" in answer.text) == (401, True)
    assert sessions() == [("portal.session.refused", "system:sign-in")]


def test_cancelled_and_forged_answers_do_not_sign_in(provider: Provider, browser: Browser) -> None:
    assert browser.get("/accounts/oidc/sso/login/callback/?code=x&state=forged").status_code == 401
    browser.get("/accounts/login/")
    away = browser.post("/accounts/oidc/sso/login/")
    state = httpx.URL(away.headers["location"]).params["state"]
    cancelled = browser.get(f"/accounts/oidc/sso/login/callback/?error=access_denied&state={state}")

    assert cancelled.headers["location"] == "/accounts/3rdparty/login/cancelled/"
    assert browser.get("/accounts/3rdparty/login/cancelled/").status_code == 200
    assert not is_signed_in(browser)


def assert_unreachable(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "Company SSO does not answer" in answer.text
    assert "Failing since" in answer.text


def test_provider_that_is_down_gets_a_page(settings: Any, browser: Browser) -> None:
    use_provider(settings, f"http://127.0.0.1:{free_port()}")

    assert_unreachable(browser.sign_in("anna"))


def test_provider_that_goes_down_before_the_callback_gets_a_page(
    provider: Provider, settings: Any, browser: Browser
) -> None:
    browser.get("/accounts/login/")
    away = browser.post("/accounts/oidc/sso/login/")
    state = httpx.URL(away.headers["location"]).params["state"]
    use_provider(settings, f"http://127.0.0.1:{free_port()}")

    assert_unreachable(browser.get(f"/accounts/oidc/sso/login/callback/?code=x&state={state}"))


@pytest.fixture
def silent_server() -> Iterator[int]:
    """Accepts connections and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def accept() -> None:
        try:
            while True:
                held.append(server.accept()[0])
        except OSError:
            return

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    for connection in held:
        connection.close()


def test_hanging_provider_gets_a_page_after_the_timeout(
    settings: Any, browser: Browser, silent_server: int
) -> None:
    use_provider(settings, f"http://127.0.0.1:{silent_server}")
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 0.3

    assert_unreachable(browser.sign_in("anna"))
