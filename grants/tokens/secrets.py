"""Random secrets and what is kept of them. Pure."""

import hashlib
import secrets
import string

ALPHABET = string.ascii_letters + string.digits
LENGTH = 40
"""Characters: 238 bits. Long enough that a plain hash is safe and no slow one is needed on the hot path."""


def new_secret(prefix: str) -> str:
    """A fresh secret; the prefix lets scanners find one that leaked."""
    return prefix + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def digest_of(secret: str) -> bytes:
    """What is stored and looked up: SHA-256."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
