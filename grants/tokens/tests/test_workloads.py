"""Which service-account tokens count: real keys, and everything that was ever done to a JWT."""

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from grants.tokens.testing import AUDIENCE, ISSUER, FakeCluster
from grants.tokens.workloads import KeyUnknown, TokenRefused, TrustedCluster, is_workload, usable_keys, verify


@pytest.fixture(scope="module", params=["ES256", "RS256"])
def fake(request: pytest.FixtureRequest) -> FakeCluster:
    return FakeCluster(request.param)


def trusted(fake: FakeCluster, **changes: Any) -> TrustedCluster:
    given: dict[str, Any] = {"pk": 1, "key": "main", "issuer": ISSUER, "audience": AUDIENCE}
    return TrustedCluster(**given | {"keys": usable_keys(fake.jwks)} | changes)


def now() -> datetime:
    return datetime.now(UTC)


def refused(fake: FakeCluster, token: str, *clusters: TrustedCluster) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify(token, clusters or [trusted(fake)], now=now())
    return caught.value.code


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_of_the_cluster_names_its_workload(fake: FakeCluster) -> None:
    found = verify(fake.token(), [trusted(fake)], now=now())
    assert (found.principal, found.user) == (
        "workload:main/fraud/trainer",
        "system:serviceaccount:fraud:trainer",
    )
    assert 590 < (found.expires - now()).total_seconds() <= 600


def test_an_audience_among_several_is_enough(fake: FakeCluster) -> None:
    assert verify(fake.token(aud=["vault", AUDIENCE]), [trusted(fake)], now=now()).account == "trainer"
    assert verify(fake.token(aud=AUDIENCE), [trusted(fake)], now=now()).account == "trainer"


CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "for another audience": ({"aud": ["https://kubernetes.default.svc"]}, "wrong_audience"),
    "for a longer audience": ({"aud": ["purser-evil"]}, "wrong_audience"),
    "for none": ({"aud": None}, "wrong_audience"),
    "for an audience that is no text": ({"aud": {"purser": 1}}, "wrong_audience"),
    "of another issuer": ({"iss": "https://evil.example"}, "unknown_issuer"),
    "of an issuer with a slash more": ({"iss": f"{ISSUER}/"}, "unknown_issuer"),
    "of no issuer": ({"iss": None}, "unknown_issuer"),
    "expired": ({"exp": int(time.time()) - 1}, "token_expired"),
    "without an end": ({"exp": None}, "token_expired"),
    "with an end that is text": ({"exp": "9999999999"}, "bad_claims"),
    "with an end that is a fraction": ({"exp": time.time() + 60}, "bad_claims"),
    "with an end that is true": ({"exp": True}, "bad_claims"),
    "not yet valid": ({"nbf": int(time.time()) + 3600}, "not_yet_valid"),
    "issued in the future": ({"iat": int(time.time()) + 3600}, "not_yet_valid"),
    "of a person": ({"sub": "alice"}, "no_service_account"),
    "whose names differ": ({"sub": "system:serviceaccount:other:trainer"}, "no_service_account"),
    "without names": ({"kubernetes.io": None}, "no_service_account"),
    "whose names are no object": ({"kubernetes.io": "fraud"}, "no_service_account"),
    "without an account": ({"kubernetes.io": {"namespace": "fraud"}}, "no_service_account"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_token_is_refused(fake: FakeCluster, name: str) -> None:
    changes, code = CLAIMS[name]
    assert refused(fake, fake.token(**changes)) == code


@pytest.mark.parametrize(
    ("namespace", "account"), [("fraud/x", "a"), ("fraud", "a/b"), ("", "a"), ("-a", "b")]
)
def test_names_that_kubernetes_would_not_take_are_refused(
    fake: FakeCluster, namespace: str, account: str
) -> None:
    assert refused(fake, fake.token(namespace, account)) == "no_service_account"


def unsigned(fake: FakeCluster) -> str:
    return jwt.encode(fake.claims(), "", algorithm="none", headers={"kid": fake.kid})


def unsigned_in_capitals(fake: FakeCluster) -> str:
    return f"{part({'alg': 'NoNe', 'kid': fake.kid})}.{part(fake.claims())}."


def hmac_with_the_public_key(fake: FakeCluster) -> str:
    public = fake.key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': fake.kid})}.{part(fake.claims())}"
    return f"{signed}.{part(jwt.get_algorithm_by_name('HS256').sign(signed.encode(), public))}"


def hmac_with_the_public_jwk(fake: FakeCluster) -> str:
    signed = f"{part({'alg': 'HS256', 'kid': fake.kid})}.{part(fake.claims())}"
    key = json.dumps(fake.jwks["keys"][0]).encode()
    return f"{signed}.{part(jwt.get_algorithm_by_name('HS256').sign(signed.encode(), key))}"


def other_kind_of_signature(fake: FakeCluster) -> str:
    other = FakeCluster("RS256" if fake.kind == "ES256" else "ES256", kid=fake.kid)
    return other.token()


def longer_hash(fake: FakeCluster) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(fake.claims(), key, algorithm="RS512", headers={"kid": fake.kid})


def critical_extension(fake: FakeCluster) -> str:
    return fake.signed(fake.claims(), crit=["b64"], b64=True)


@pytest.mark.parametrize(
    "forge",
    [
        unsigned,
        unsigned_in_capitals,
        hmac_with_the_public_key,
        hmac_with_the_public_jwk,
        longer_hash,
        critical_extension,
    ],
    ids=lambda forge: forge.__name__,
)
def test_other_algorithms_are_refused_by_their_header(fake: FakeCluster, forge: Any) -> None:
    assert refused(fake, forge(fake)) == "bad_header"


def with_own_key_in_the_header(fake: FakeCluster) -> str:
    own = FakeCluster(fake.kind, kid=fake.kid)
    return own.signed(own.claims(), jwk=own.jwks["keys"][0])


def with_addresses_of_own_keys(fake: FakeCluster) -> str:
    own = FakeCluster(fake.kind, kid=fake.kid)
    return own.signed(own.claims(), jku="http://127.0.0.1:1/keys", x5u="http://127.0.0.1:1/ca.pem")


def zero_signature(fake: FakeCluster) -> str:
    return fake.token().rpartition(".")[0] + "." + part(bytes(64))


def without_signature(fake: FakeCluster) -> str:
    return fake.token().rpartition(".")[0] + "."


def changed_body(fake: FakeCluster) -> str:
    head, _body, signature = fake.token().split(".")
    return f"{head}.{part(fake.claims('credit'))}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [
        other_kind_of_signature,
        with_own_key_in_the_header,
        with_addresses_of_own_keys,
        zero_signature,
        without_signature,
        changed_body,
    ],
    ids=lambda forge: forge.__name__,
)
def test_what_the_cluster_did_not_sign_is_refused(fake: FakeCluster, forge: Any) -> None:
    assert refused(fake, forge(fake)) == "bad_signature"


@pytest.mark.parametrize(
    "token",
    [
        "eya.b.c",
        "ey..",
        f"{part([1])}.{part({})}.",
        f"ey{'A' * 9000}.a.b",
        "ey\u00e9.a.b",
        f"{part({})}.e30.é",
        *(f"{part({'alg': odd, 'kid': 'k1'})}.{part({})}." for odd in ([], {}, 7, None)),
        f"{part({'alg': 'RS256', 'kid': []})}.{part({})}.",
    ],
)
def test_what_is_no_token_is_refused(fake: FakeCluster, token: str) -> None:
    assert refused(fake, token) in {"bad_token", "bad_header"}


def test_of_two_equal_claims_neither_counts(fake: FakeCluster) -> None:
    body = json.dumps(fake.claims())[:-1] + ', "aud": ["vault"]}'
    signed = f"{part({'alg': fake.kind, 'kid': fake.kid})}.{part(body.encode())}"
    raw = jwt.get_algorithm_by_name(fake.kind).sign(signed.encode(), fake.key)
    assert refused(fake, f"{signed}.{part(raw)}") == "bad_token"


def test_an_unknown_key_names_the_clusters_that_may_have_it(fake: FakeCluster) -> None:
    token, cluster = fake.signed(fake.claims(), kid="k9"), trusted(fake)
    with pytest.raises(KeyUnknown) as caught:
        verify(token, [cluster], now=now())
    assert [one.pk for one in caught.value.clusters] == [1]
    assert refused(fake, jwt.encode(fake.claims(), fake.key, algorithm=fake.kind)) == "bad_header"


def test_clusters_that_share_an_issuer_are_told_apart_by_their_keys(fake: FakeCluster) -> None:
    other = FakeCluster(fake.kind, kid=fake.kid)
    both = [trusted(fake), trusted(other, pk=2, key="second")]
    assert verify(fake.token(), both, now=now()).cluster_key == "main"
    assert verify(other.token(), both, now=now()).cluster_key == "second"


def test_keys_that_are_too_weak_or_private_or_for_something_else_are_left_out() -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()  # noqa: S505 - that is the point
    curve = ec.generate_private_key(ec.SECP384R1()).public_key()
    good = FakeCluster().jwks["keys"][0]
    document = {
        "keys": [
            json.loads(jwt.get_algorithm_by_name("RS256").to_jwk(weak)) | {"kid": "weak"},
            json.loads(jwt.get_algorithm_by_name("ES384").to_jwk(curve)) | {"kid": "curve"},
            {"kty": "RSA", "e": "AQAB", "n": part(((1 << 16383) + 1).to_bytes(2048, "big")), "kid": "huge"},
            {"kty": "oct", "k": "c2VjcmV0", "kid": "shared", "alg": "HS256"},
            good | {"kid": "encrypts", "use": "enc"},
            good | {"kid": 7},
            good | {"kid": "other", "alg": "HS256"},
            json.loads(jwt.get_algorithm_by_name("ES256").to_jwk(FakeCluster().key)) | {"kid": "private"},
            {"kid": "broken", "kty": "RSA", "n": "!", "e": "AQAB"},
            "text",
            good,
        ]
    }
    assert list(usable_keys(document)) == ["k1"]
    assert [usable_keys(nonsense) for nonsense in (None, [], {"keys": {}}, {})] == [{}, {}, {}, {}]


def test_a_pull_token_is_no_workload() -> None:
    assert is_workload("serviceaccount", FakeCluster().token())
    assert is_workload(" ServiceAccount ", FakeCluster().token())
    assert not is_workload("bob", FakeCluster().token())
    assert not is_workload("serviceaccount", "purp_" + "a" * 40)
