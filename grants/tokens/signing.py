"""Tokens in the form registries accept: ES256, the leaf's certificate in `x5c`, `aud` a string, whole seconds.

Source: distribution/docs/spec/auth/jwt.md, RFC 7515 and RFC 7518 3.4, and what 2.8.2 was seen to accept. The
header, which holds a certificate, is written once for each leaf: writing it for each token costs half as much as
the signature.
"""

import datetime as dt
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from grants.tokens.decision import Access
from grants.tokens.keys import KeyStore, Leaf

LOOKED_AT = 30.0
"""Seconds between looks for a newer leaf."""
NOT_BEFORE = 120
"""Seconds before issue. `exp` may lie a minute in the past, and `nbf` must not come after it."""
ES256 = ECDSA(SHA256())
COORDINATE = 32
"""Bytes of each of the two numbers of a P-256 signature."""


class Signer:
    """Signs with the newest leaf of a key store; one for each process."""

    def __init__(self, keys: KeyStore, *, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._leaf: Leaf | None = None
        self._head = b""
        self._name = ""
        self._looked = 0.0

    def sign(
        self, *, subject: str, audience: str, jti: str, access: Iterable[Access], expiry: int, now: int
    ) -> str:
        """A signed token; `now` and `expiry` are whole seconds since 1970."""
        leaf = self._current()
        claims = {
            "iss": self._issuer,
            "sub": subject,
            "aud": audience,
            "exp": expiry,
            "nbf": min(now, expiry) - NOT_BEFORE,
            "iat": now,
            "jti": jti,
            "access": [{"type": a.type, "name": a.name, "actions": list(a.actions)} for a in access],
        }
        signed = self._head + b"." + _part(claims)
        r, s = decode_dss_signature(leaf.key.sign(signed, ES256))
        signature = r.to_bytes(COORDINATE, "big") + s.to_bytes(COORDINATE, "big")
        return (signed + b"." + _base64url(signature)).decode("ascii")

    def _current(self) -> Leaf:
        if self._leaf is None or time.monotonic() - self._looked > LOOKED_AT:
            self._looked = time.monotonic()
            name = self._keys.newest_leaf_name()
            if self._leaf is None or name != self._name:
                self._leaf = self._keys.current_leaf(now=dt.datetime.now(dt.UTC))
                self._name = self._keys.newest_leaf_name()
                self._head = _part({"alg": "ES256", "typ": "JWT", "x5c": [self._leaf.x5c]})
        return self._leaf


def _part(value: dict[str, object]) -> bytes:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")
