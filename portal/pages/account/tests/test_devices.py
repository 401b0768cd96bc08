"""The page where a terminal's code is typed: who asks is shown, a link alone allows nothing, guessing ends."""

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from audit.ledger.models import Event
from grants.directory.testing import cast
from portal.accounts.devices import start_device
from portal.accounts.models import DeviceSignIn
from portal.accounts.testing import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob() -> Any:
    cache.clear()
    return cast().bob


@pytest.fixture
def client(bob: Any) -> Client:
    return sign_in(Client(), bob)


@pytest.fixture
def code() -> str:
    return start_device(client="purser on <b>x</b>", address="10.0.0.9", now=timezone.now())[2]


def state() -> str:
    return DeviceSignIn.objects.get().state


def test_the_page_asks_for_a_code(client: Client) -> None:
    page = client.get("/device/")
    assert page.status_code == 200
    assert 'name="code"' in page.content.decode()


def test_what_asks_is_shown_and_a_link_allows_nothing(client: Client, code: str) -> None:
    page = client.get("/device/", {"code": code})
    text = page.content.decode()
    assert "purser on &lt;b&gt;x&lt;/b&gt;" in text
    assert ("10.0.0.9" in text, code in text, state()) == (True, True, "pending")
    assert page.headers["Cache-Control"].startswith("max-age=0")


def test_allowing_needs_a_post_of_its_own(client: Client, code: str) -> None:
    assert client.get("/device/", {"code": code, "answer": "allow"}).status_code == 200
    assert client.post("/device/", {"code": code}).status_code == 200
    assert state() == "pending"
    answer = client.post("/device/", {"code": code, "answer": "allow"})
    assert (answer.status_code, answer.headers["Location"], state()) == (302, "/account/", "allowed")
    assert "Go back to the terminal" in client.get("/account/").content.decode()


def test_a_post_without_its_csrf_token_is_refused(bob: Any, code: str) -> None:
    strict = sign_in(Client(enforce_csrf_checks=True), bob)
    assert strict.post("/device/", {"code": code, "answer": "allow"}).status_code == 403
    assert state() == "pending"


def test_denying_is_recorded(client: Client, code: str, bob: Any) -> None:
    client.post("/device/", {"code": code.lower().replace("-", ""), "answer": "deny"})
    assert state() == "denied"
    assert Event.objects.get(kind="portal.device.denied").person == bob.label


def test_whoever_is_not_signed_in_signs_in_and_comes_back(code: str) -> None:
    answer = Client().get("/device/", {"code": code})
    assert answer.headers["Location"] == f"/accounts/login/?next=%2Fdevice%2F%3Fcode%3D{code}"


def test_guessing_ends(client: Client, code: str) -> None:
    said = [client.get("/device/", {"code": f"BBBB-BBB{letter}"}) for letter in "BCDFGHJKLMN"]
    assert [page.status_code for page in said] == [422] * 11
    assert "Nothing waits for this code" in said[9].content.decode()
    assert "Too many wrong codes" in said[10].content.decode()
    assert "Too many wrong codes" in client.get("/device/", {"code": code}).content.decode()
    assert client.post("/device/", {"code": code, "answer": "allow"}).status_code == 422
    assert state() == "pending"


def test_an_empty_code_is_named(client: Client) -> None:
    page = client.get("/device/", {"code": ""})
    assert page.status_code == 422
    assert "Enter the code from the terminal" in page.content.decode()
