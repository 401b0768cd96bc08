"""The registry CA and the leaf keys that sign tokens.

A registry reads its trust bundle once, at its start. So it is given a CA made at Purser's first start, and
each token brings its leaf's certificate (`x5c`), which may change at any time without a restart.
"""

import base64
import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CA_LIFE = dt.timedelta(days=3650)
LEAF_LIFE = dt.timedelta(days=30)
LEAF_RENEWED = dt.timedelta(days=10)
"""A leaf with less life than this is replaced; tokens signed by the old one stay valid to their own end."""
BACKDATED = dt.timedelta(minutes=10)
"""Registries whose clock is a little behind must not refuse a new certificate."""


@dataclass(frozen=True)
class Leaf:
    """The key that signs now, its certificate for the token's header, and when it ends."""

    key: ec.EllipticCurvePrivateKey
    x5c: str
    not_after: dt.datetime


class KeyStore:
    """Keys in a folder: `registry-ca.key`, `registry-ca.pem`, and leaves `registry-leaf-<serial>.pem`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def ca_path(self) -> Path:
        """The CA's certificate: what registries are told to trust (`rootcertbundle`)."""
        return self.folder / "registry-ca.pem"

    def ensure_ca(self, *, now: dt.datetime) -> x509.Certificate:
        """The CA's certificate, made with its key when there is none yet."""
        with self._locked():
            if not self.ca_path.exists():
                key = ec.generate_private_key(ec.SECP256R1())
                certificate = _certificate("Purser registry CA", key, None, life=CA_LIFE, now=now)
                _write(self.folder / "registry-ca.key", _private(key), 0o600)
                _write(self.ca_path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
        return x509.load_pem_x509_certificate(self.ca_path.read_bytes())

    def current_leaf(self, *, now: dt.datetime) -> Leaf:
        """The newest leaf, made or renewed when it has too little life left. Old leaves that ended are deleted."""
        self.ensure_ca(now=now)
        with self._locked():
            newest = self._newest()
            if newest is None or _ends(newest) - now < LEAF_RENEWED:
                newest = self._new_leaf(now=now)
                self._forget_ended(now=now)
        return _load(newest)

    def newest_leaf_name(self) -> str:
        """The file name of the newest leaf; a signer whose leaf has another name reads again."""
        path = self._newest()
        return path.name if path else ""

    def ca_ends(self) -> dt.datetime | None:
        """When registries stop trusting us altogether; health alarms long before."""
        return _ends(self.ca_path) if self.ca_path.exists() else None

    def _leaves(self) -> list[Path]:
        return sorted(self.folder.glob("registry-leaf-*.pem"))

    def _newest(self) -> Path | None:
        leaves = self._leaves()
        return leaves[-1] if leaves else None

    def _new_leaf(self, *, now: dt.datetime) -> Path:
        ca = x509.load_pem_x509_certificate(self.ca_path.read_bytes())
        ca_key = serialization.load_pem_private_key((self.folder / "registry-ca.key").read_bytes(), None)
        if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
            raise TypeError("registry-ca.key must hold an EC key")
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate("Purser registry tokens", key, (ca, ca_key), life=LEAF_LIFE, now=now)
        path = self.folder / f"registry-leaf-{now:%Y%m%dT%H%M%S%f}.pem"
        _write(path, certificate.public_bytes(serialization.Encoding.PEM) + _private(key), 0o600)
        return path

    def _forget_ended(self, *, now: dt.datetime) -> None:
        for path in self._leaves():
            if _ends(path) < now:
                path.unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Web processes and workers start together: one of them makes the keys.
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _load(path: Path) -> Leaf:
    content = path.read_bytes()
    certificate = x509.load_pem_x509_certificate(content)
    key = serialization.load_pem_private_key(content[content.index(b"-----BEGIN PRIVATE KEY") :], None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path.name} must hold an EC key")
    der = certificate.public_bytes(serialization.Encoding.DER)
    return Leaf(key, base64.b64encode(der).decode("ascii"), certificate.not_valid_after_utc)


def _ends(path: Path) -> dt.datetime:
    return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None,
    *,
    life: dt.timedelta,
    now: dt.datetime,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issued_by, signing_key = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issued_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
        .add_extension(
            x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None), True
        )
    )
    return builder.sign(signing_key, hashes.SHA256())


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    # Whole or not at all: a reader never sees half a key.
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
