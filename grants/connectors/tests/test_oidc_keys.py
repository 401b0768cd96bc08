"""Reading a cluster's public keys: from the configured host only, capped and timed."""

import asyncio
import json
from typing import Any

import pytest

from grants.connectors.errors import ConnectorError
from grants.connectors.oidc_keys import DISCOVERY, read_keys
from grants.connectors.tests.serving_keys import serving_keys

pytestmark = pytest.mark.enable_loopback
KEYS = {"keys": [{"kid": "k1"}]}


def read(**where: str) -> dict[str, Any]:
    return asyncio.run(read_keys(**({"issuer": ""} | where), timeout=1))


def body(value: object) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, json.dumps(value).encode()


def refused(**where: str) -> str:
    with pytest.raises(ConnectorError) as caught:
        read(**where)
    return caught.value.code


def test_keys_are_found_through_discovery() -> None:
    answers: dict[str, Any] = {"/jwks": body(KEYS)}
    with serving_keys(answers) as (address, paths):
        answers[DISCOVERY] = body({"issuer": address, "jwks_uri": f"{address}/jwks"})
        assert read(issuer=address) == KEYS
    assert paths == [DISCOVERY, "/jwks"]


def test_discovery_may_not_name_another_host_or_issuer() -> None:
    answers: dict[str, Any] = {}
    with serving_keys({"/jwks": body(KEYS)}) as (canary, asked), serving_keys(answers) as (address, _paths):
        for document, code in (
            ({"issuer": address, "jwks_uri": f"{canary}/jwks"}, "other_host"),
            ({"issuer": canary, "jwks_uri": f"{address}/jwks"}, "other_issuer"),
            ({"issuer": address}, "other_issuer"),
            ({"issuer": address, "jwks_uri": "http://[broken"}, "other_host"),
        ):
            answers[DISCOVERY] = body(document)
            assert refused(issuer=address) == code
    assert asked == []


def test_redirects_are_not_followed() -> None:
    with serving_keys({"/jwks": body(KEYS)}) as (canary, asked):
        moved = {"/keys": (302, {"Location": f"{canary}/jwks"}, b"")}
        with serving_keys(moved) as (address, _paths):
            assert refused(jwks_url=f"{address}/keys") == "302"
    assert asked == []


@pytest.mark.parametrize(
    "address",
    [
        "http://cluster.example/keys",
        "file:///etc/passwd",
        "https://user:secret@cluster.example/keys",
        "https://169.254.169.254/latest",
        "https://[::ffff:169.254.169.254]/latest",
        "https://[fe80::1]/",
        "ftp://127.0.0.1/",
        "https://",
        "",
    ],
)
def test_unsafe_addresses_are_not_asked(address: str) -> None:
    assert refused(jwks_url=address, issuer=address) == "bad_address"


def test_long_and_broken_answers_are_refused() -> None:
    answers = {
        "/long": (200, {}, b" " * 300_000),
        "/text": (200, {}, b"keys"),
        "/list": (200, {}, b"[]"),
        "/deep": (200, {}, b"[" * 100_000),
        "/away": (503, {}, b""),
        "/denied": (403, {}, b""),
    }
    with serving_keys(answers) as (address, _paths):
        said = {path: refused(jwks_url=address + path) for path in answers}
    assert said == {
        "/long": "too_large", "/text": "not_json", "/list": "not_json", "/deep": "not_json",
        "/away": "503", "/denied": "403",
    }  # fmt: skip


def test_a_wrong_authority_is_named() -> None:
    assert refused(jwks_url="https://127.0.0.1:1/", ca="no certificate") == "bad_ca"


def test_nobody_there_is_no_traceback() -> None:
    with pytest.raises(ConnectorError, match="The cluster could not be reached"):
        read(jwks_url="http://127.0.0.1:1/keys")
