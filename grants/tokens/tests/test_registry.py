"""What an unmodified registry makes of our tokens, and of those that only look like ours."""

import base64
import datetime as dt
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from grants.tokens import keys as key_module
from grants.tokens.decision import LEEWAY, PULL_SECONDS, Access
from grants.tokens.keys import KeyStore, Leaf
from grants.tokens.signing import Signer
from grants.tokens.tests.registry_process import ISSUER, SERVICE, running_registry

pytestmark = pytest.mark.enable_loopback
REPOSITORY = "fraud/base"
ALLOWED, REFUSED = 404, 401
"""Tags of a repository that holds nothing: let in and not found, or not let in."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    return KeyStore(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def registry(store: KeyStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store.ensure_ca(now=now())
    with running_registry(tmp_path_factory.mktemp("registry"), store.ca_path) as address:
        yield address


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def ask(registry: str, token: str, path: str = f"{REPOSITORY}/tags/list", method: str = "GET") -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"http://{registry}/v2/{path}"
    return httpx.request(method, url, headers=headers, trust_env=False, timeout=10).status_code


def ours(store: KeyStore, *actions: str, name: str = REPOSITORY, lifetime: int = PULL_SECONDS) -> str:
    moment = int(time.time())
    access = [Access(name, actions or ("pull",), None)]
    return Signer(store, issuer=ISSUER).sign(
        subject="bob+1",
        audience=SERVICE,
        jti="1",
        access=access,
        expiry=moment + lifetime - LEEWAY,
        now=moment,
    )


def claims(**changes: Any) -> dict[str, Any]:
    moment = int(time.time())
    access = [{"type": "repository", "name": REPOSITORY, "actions": ["pull"]}]
    return {
        "iss": ISSUER, "aud": SERVICE, "sub": "bob+1", "jti": "1", "access": access,
        "iat": moment, "nbf": moment - 120, "exp": moment + 30,
    } | changes  # fmt: skip


def encode(store: KeyStore, body: dict[str, Any], **headers: Any) -> str:
    leaf = store.current_leaf(now=now())
    return jwt.encode(body, leaf.key, algorithm="ES256", headers={"x5c": [leaf.x5c]} | headers)


def test_a_token_opens_what_it_names_and_nothing_else(registry: str, store: KeyStore) -> None:
    assert ask(registry, ours(store)) == ALLOWED
    assert ask(registry, ours(store), "fraud/other/tags/list") == REFUSED
    assert ask(registry, ours(store), f"{REPOSITORY}/blobs/uploads/", "POST") == REFUSED
    assert ask(registry, ours(store, "pull", "push"), f"{REPOSITORY}/blobs/uploads/", "POST") == 202
    assert ask(registry, ours(store), "_catalog") == REFUSED
    assert ask(registry, "") == REFUSED


def test_the_leeway_is_paid_back_to_the_second(registry: str, store: KeyStore) -> None:
    body = jwt.decode(ours(store), options={"verify_signature": False})
    assert body["exp"] + LEEWAY - body["iat"] == PULL_SECONDS
    assert ask(registry, ours(store, lifetime=3)) == ALLOWED
    assert ask(registry, ours(store, lifetime=-2)) == REFUSED


def test_old_and_new_leaves_are_both_accepted_without_a_restart(registry: str, store: KeyStore) -> None:
    old_leaf, old = store.current_leaf(now=now()), ours(store)
    store._new_leaf(now=now())
    new_leaf = store.current_leaf(now=now())
    assert new_leaf.x5c != old_leaf.x5c
    assert [ask(registry, token) for token in (old, ours(store), signed_by(old_leaf))] == [ALLOWED] * 3


def signed_by(leaf: Leaf, **changes: Any) -> str:
    return jwt.encode(claims(**changes), leaf.key, algorithm="ES256", headers={"x5c": [leaf.x5c]})


MOMENTS = {
    "just expired for clients": ({"exp": -40}, ALLOWED),
    "expired for registries too": ({"exp": -63}, REFUSED),
    "not yet valid": ({"nbf": 120, "exp": 300}, REFUSED),
    "no end": ({"exp": None}, REFUSED),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_moments_at_the_edges(registry: str, store: KeyStore, name: str) -> None:
    shifts, expected = MOMENTS[name]
    moment = int(time.time())
    body = claims(**{claim: moment + (shift or 0) for claim, shift in shifts.items()})
    body = {claim: value for claim, value in body.items() if shifts.get(claim, 0) is not None}
    assert ask(registry, encode(store, body)) == expected


def unsigned(store: KeyStore) -> str:
    return jwt.encode(claims(), "", algorithm="none")


def hmac_with_the_public_key(store: KeyStore) -> str:
    head, body = part({"alg": "HS256", "typ": "JWT"}), part(claims())
    signature = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{body}".encode(), store.ca_path.read_bytes())
    return f"{head}.{body}.{base64url(signature)}"


def zero_signature(store: KeyStore) -> str:
    return encode(store, claims()).rpartition(".")[0] + "." + base64url(bytes(64))


def changed_body(store: KeyStore) -> str:
    head, _body, signature = encode(store, claims()).split(".")
    wider = claims(access=[{"type": "repository", "name": REPOSITORY, "actions": ["*"]}])
    return f"{head}.{part(wider)}.{signature}"


def own_key_in_the_header(store: KeyStore) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))
    return jwt.encode(claims(), key, algorithm="ES256", headers={"jwk": jwk})


def key_from_an_address(store: KeyStore) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    places = {"jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/ca.pem"}
    return jwt.encode(claims(), key, algorithm="ES256", headers=places)


def certificate_of_another_ca(store: KeyStore) -> str:
    other = KeyStore(store.folder / "other")
    return signed_by(other.current_leaf(now=now()))


def certificate_signed_by_a_leaf(store: KeyStore) -> str:
    """A leaf plays CA: its own key signs another certificate, both are sent along."""
    leaf, key = store.current_leaf(now=now()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_der_x509_certificate(base64.b64decode(leaf.x5c))
    made = key_module._certificate("evil", key, (issuer, leaf.key), life=key_module.LEAF_LIFE, now=now())
    der = base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()
    return jwt.encode(claims(), key, algorithm="ES256", headers={"x5c": [der, leaf.x5c]})


def anothers_key_with_our_certificate(store: KeyStore) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(claims(), key, algorithm="ES256", headers={"x5c": [store.current_leaf(now=now()).x5c]})


ATTACKS = [
    unsigned, hmac_with_the_public_key, zero_signature, changed_body, own_key_in_the_header, key_from_an_address,
    certificate_of_another_ca, certificate_signed_by_a_leaf, anothers_key_with_our_certificate,
]  # fmt: skip
CLAIMS: dict[str, dict[str, Any]] = {
    "another registry's": {"aud": "other-registry"},
    "a list that holds us": {"aud": [SERVICE]},
    "nobody's": {"aud": ""},
    "another issuer's": {"iss": "evil"},
    "a wildcard for names": {"access": [{"type": "repository", "name": "*", "actions": ["*"]}]},
    "a plugin's": {"access": [{"type": "repository(plugin)", "name": REPOSITORY, "actions": ["pull"]}]},
}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_forged_tokens_are_refused(registry: str, store: KeyStore, attack: Any) -> None:
    assert ask(registry, encode(store, claims())) == ALLOWED
    assert ask(registry, attack(store)) == REFUSED


@pytest.mark.parametrize("name", CLAIMS)
def test_tokens_for_something_else_are_refused(registry: str, store: KeyStore, name: str) -> None:
    assert ask(registry, encode(store, claims(**CLAIMS[name]))) == REFUSED


def test_of_two_equal_keys_in_a_body_neither_widens_what_was_signed(registry: str, store: KeyStore) -> None:
    leaf = store.current_leaf(now=now())
    body = json.dumps(claims())[:-1] + ', "aud": "other-registry"}'
    head = part({"alg": "ES256", "typ": "JWT", "x5c": [leaf.x5c]})
    signed = f"{head}.{base64url(body.encode())}"
    signature = jwt.get_algorithm_by_name("ES256").sign(signed.encode(), leaf.key)
    assert ask(registry, f"{signed}.{base64url(signature)}") == REFUSED


def part(value: dict[str, Any]) -> str:
    return base64url(json.dumps(value).encode())


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
