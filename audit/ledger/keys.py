"""The Ed25519 key that signs checkpoints: made on first use, one private, every public one kept."""

import os
from hashlib import sha256
from pathlib import Path
from secrets import token_hex

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings

from .errors import LedgerError
from .offline import load_key

PRIVATE = "audit.pem"
PUBLIC = "audit-*.pub.pem"


def signing_key() -> Ed25519PrivateKey:
    """The private key in PURSER_KEY_DIR (`audit.pem`, mode 0600); made with its public file when missing."""
    path = _folder() / PRIVATE
    if not path.exists():
        _publish(_create(path))
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerError("bad_key", f"{path} holds no Ed25519 key.")
    if not public_path(key.public_key()).exists():
        _publish(path)
    return key


def public_keys() -> dict[Path, Ed25519PublicKey]:
    """Every public key this log was ever signed with, by the file that holds it."""
    return {path: load_key(path) for path in sorted(_folder().glob(PUBLIC))}


def rotate_key() -> Path:
    """Replace the private key; old public keys stay. Returns the new public file."""
    signing_key()
    fresh = _write_private(_folder())
    fresh.replace(_folder() / PRIVATE)
    return _publish(_folder() / PRIVATE)


def public_path(key: Ed25519PublicKey) -> Path:
    """Where a public key is kept: `audit-<first 8 hex digits of its SHA-256>.pub.pem`."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return _folder() / f"audit-{sha256(raw).hexdigest()[:8]}.pub.pem"


def _folder() -> Path:
    folder = Path(settings.PURSER_KEY_DIR)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _create(path: Path) -> Path:
    fresh = _write_private(path.parent)
    try:
        # A hard link never replaces: of two processes that start together, one key wins.
        path.hardlink_to(fresh)
    except FileExistsError:
        return path
    finally:
        fresh.unlink()
    return path


def _write_private(folder: Path) -> Path:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / f".audit-{token_hex(8)}.pem"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    return path


def _publish(private: Path) -> Path:
    key = load_pem_private_key(private.read_bytes(), password=None).public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise LedgerError("bad_key", f"{private} holds no Ed25519 key.")
    path = public_path(key)
    path.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path
