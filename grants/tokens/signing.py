"""Tokens in the form registries accept: ES256, the leaf's certificate in `x5c`, `aud` a string, whole seconds.

Source: distribution/docs/spec/auth/jwt.md, and what 2.8.2 was seen to accept.
"""

import datetime as dt
import time
from collections.abc import Iterable

import jwt

from grants.tokens.decision import Access
from grants.tokens.keys import KeyStore, Leaf

LOOKED_AT = 30.0
"""Seconds between looks for a newer leaf."""
NOT_BEFORE = 120
"""Seconds before issue. `exp` may lie a minute in the past, and `nbf` must not come after it."""


class Signer:
    """Signs with the newest leaf of a key store; one for each process."""

    def __init__(self, keys: KeyStore, *, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._leaf: Leaf | None = None
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
        return jwt.encode(claims, leaf.key, algorithm="ES256", headers={"x5c": [leaf.x5c]})

    def _current(self) -> Leaf:
        if self._leaf is None or time.monotonic() - self._looked > LOOKED_AT:
            self._looked = time.monotonic()
            name = self._keys.newest_leaf_name()
            if self._leaf is None or name != self._name:
                self._leaf = self._keys.current_leaf(now=dt.datetime.now(dt.UTC))
                self._name = self._keys.newest_leaf_name()
        return self._leaf
