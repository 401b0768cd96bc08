"""The CA is made once and leaves change under it; what lies in the folder is private and whole."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography import x509

from grants.tokens import signing
from grants.tokens.keys import CA_LIFE, LEAF_LIFE, LEAF_RENEWED, KeyStore
from grants.tokens.signing import Signer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys")


def certificates(token: str) -> list[str]:
    return list(jwt.get_unverified_header(token)["x5c"])


def test_the_ca_is_made_once_however_many_processes_start(store: KeyStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        serials = list(pool.map(lambda _: store.ensure_ca(now=NOW).serial_number, range(16)))
    assert len(set(serials)) == 1
    assert KeyStore(store.folder).ensure_ca(now=NOW + timedelta(days=400)).serial_number == serials[0]
    assert store.ca_ends() == NOW + CA_LIFE


def test_keys_are_private_and_nothing_half_written_is_left(store: KeyStore) -> None:
    store.current_leaf(now=NOW)
    modes = {path.name.split("-2")[0]: stat.S_IMODE(path.stat().st_mode) for path in store.folder.iterdir()}
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    assert modes == {
        ".lock": modes[".lock"],
        "registry-ca.key": 0o600,
        "registry-ca.pem": 0o644,
        "registry-leaf": 0o600,
    }


def test_a_leaf_is_signed_by_the_ca_and_may_sign_no_other_certificate(store: KeyStore) -> None:
    ca, leaf = store.ensure_ca(now=NOW), store.current_leaf(now=NOW)
    (path,) = store.folder.glob("registry-leaf-*.pem")
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    certificate.verify_directly_issued_by(ca)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca) == (True, False)
    assert (leaf.not_after, certificate.not_valid_before_utc < NOW) == (NOW + LEAF_LIFE, True)


@pytest.mark.parametrize(
    ("age", "renewed"),
    [
        (timedelta(0), False),
        (LEAF_LIFE - LEAF_RENEWED, False),
        (LEAF_LIFE - LEAF_RENEWED + timedelta(seconds=1), True),
        (LEAF_LIFE + timedelta(days=50), True),
    ],
)
def test_a_leaf_is_renewed_before_it_has_too_little_life_left(
    store: KeyStore, age: timedelta, renewed: bool
) -> None:
    first = store.current_leaf(now=NOW)
    second = store.current_leaf(now=NOW + age)
    assert (second.x5c != first.x5c) is renewed
    assert second.not_after - (NOW + age) >= LEAF_RENEWED


def test_an_old_leaf_stays_until_it_ended_then_goes(store: KeyStore) -> None:
    store.current_leaf(now=NOW)
    store.current_leaf(now=NOW + timedelta(days=21))
    assert len(list(store.folder.glob("registry-leaf-*.pem"))) == 2
    store.current_leaf(now=NOW + timedelta(days=45))
    assert [path.name for path in store.folder.glob("registry-leaf-*.pem")] == [
        "registry-leaf-20260622T120000000000.pem",
        "registry-leaf-20260716T120000000000.pem",
    ]


def test_many_renewals_at_once_make_one_leaf(store: KeyStore) -> None:
    store.ensure_ca(now=NOW)
    with ThreadPoolExecutor(8) as pool:
        leaves = list(pool.map(lambda _: store.current_leaf(now=NOW).x5c, range(16)))
    assert len(set(leaves)) == 1


def test_a_signer_turns_to_a_new_leaf_within_half_a_minute(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(signing.time, "monotonic", lambda: clock[0])
    signer, now = Signer(store, issuer="purser"), datetime.now(UTC)

    def sign() -> list[str]:
        moment = int(now.timestamp())
        return certificates(
            signer.sign(subject="bob", audience="main", jti="1", access=(), expiry=moment, now=moment)
        )

    first = sign()
    renewed = store.current_leaf(now=now + timedelta(days=21)).x5c
    kept, clock[0] = sign(), clock[0] + signing.LOOKED_AT + 1
    assert (kept, sign()) == (first, [renewed])
    assert first != [renewed]
