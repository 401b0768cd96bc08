"""The device flow over HTTP, in the words of RFC 8628; and the list of registries."""

from typing import Any

from django.core.cache import cache

from grants.catalogue.models import Registry
from grants.directory.actors import actor_for
from portal.accounts.devices import decide_device
from portal.accounts.models import DeviceSignIn
from portal.api.tests.conftest import Caller, problem

FORM = "application/x-www-form-urlencoded"


def test_a_device_signs_in_from_beginning_to_end(nobody: Caller, scene: Any) -> None:
    begun = nobody.post("device/", {"client_name": "purser on x"}).json()
    assert begun["verification_uri"] == "http://testserver/device/"
    assert begun["verification_uri_complete"] == f"http://testserver/device/?code={begun['user_code']}"
    assert (begun["expires_in"], begun["interval"]) == (600, 5)
    waiting = nobody.post("device/token/", {"device_code": begun["device_code"]})
    assert problem(waiting) == (400, waiting.json()["error"]) == (400, "authorization_pending")
    bob, row = scene.people.bob, DeviceSignIn.objects.get()
    decide_device(device=row, allow=True, person=bob, by=actor_for(bob))
    DeviceSignIn.objects.update(asked_at=None)
    given = nobody.post("device/token/", {"device_code": begun["device_code"]}).json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 30 * 86400)
    signed_in = Caller(given["access_token"])
    assert signed_in.get("me/").json()["user_name"] == "bob"
    assert signed_in.delete(f"tokens/{given['id']}/").status_code == 204
    assert signed_in.get("me/").status_code == 401


def test_a_form_is_read_as_the_rfc_has_it(nobody: Caller) -> None:
    begun = nobody.post("device/", "client_id=purser&scope=", content_type=FORM)
    assert begun.status_code == 200
    body = (
        f"grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code={begun.json()['device_code']}"
    )
    answer = nobody.post("device/token/", body, content_type=FORM)
    assert problem(answer) == (400, answer.json()["error"]) == (400, "authorization_pending")


def test_an_unknown_code_is_an_invalid_grant(nobody: Caller) -> None:
    answer = nobody.post("device/token/", {"device_code": "x"})
    assert problem(answer) == (400, answer.json()["error"]) == (400, "invalid_grant")


def test_sign_ins_are_begun_twenty_times_a_minute(nobody: Caller) -> None:
    cache.clear()
    said = [nobody.post("device/", {}).status_code for _ in range(21)]
    assert said == [200] * 20 + [429]


def test_registries_say_where_pull_tokens_count(as_: Any) -> None:
    Registry.objects.create(
        key="harbor", name="Harbor", kind="harbor", host="harbor.example", api_url="https://harbor.example",
        service="harbor",
    )  # fmt: skip
    rows = as_("bob").get("registries/").json()["results"]
    assert {row["host"]: row["pull_tokens"] for row in rows}["harbor.example"] is False
    assert [row["pull_tokens"] for row in rows if row["kind"] == "distribution"] == [True]
