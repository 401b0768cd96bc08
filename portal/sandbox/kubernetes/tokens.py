"""Service-account tokens as the API server signs them, and the documents by which others check them."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from portal.sandbox.kubernetes.state import Manifest, State

SHORTEST = 600  # seconds, as of the real one


def new_key() -> str:
    """A signing key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def _public(state: State) -> dict[str, Any]:
    key = serialization.load_pem_private_key(state.key.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the signing key is not an RSA key")
    found: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
    kid = base64.urlsafe_b64encode(hashlib.sha256(str(found["n"]).encode()).digest()).decode().rstrip("=")
    return {"use": "sig", "kty": "RSA", "kid": kid, "alg": "RS256", "n": found["n"], "e": found["e"]}


def key_set(state: State) -> Manifest:
    """`/openid/v1/jwks`."""
    return {"keys": [_public(state)]}


def discovery(issuer: str) -> Manifest:
    """`/.well-known/openid-configuration`."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/openid/v1/jwks",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def token_for(
    state: State, account: Manifest, *, issuer: str, audiences: Sequence[str], seconds: int, now: datetime
) -> tuple[str, datetime]:
    """A token of a service account and its end. Claims: the API server's of 1.36."""
    ends = now + timedelta(seconds=max(seconds, SHORTEST))
    meta = account["metadata"]
    about = {"namespace": meta["namespace"], "serviceaccount": {"name": meta["name"], "uid": meta["uid"]}}
    claims = {
        "iss": issuer,
        "sub": f"system:serviceaccount:{meta['namespace']}:{meta['name']}",
        "aud": list(audiences) or [issuer],
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int(ends.timestamp()),
        "jti": hashlib.sha256(f"{meta['uid']}{now.timestamp()}".encode()).hexdigest()[:32],
        "kubernetes.io": about,
    }
    headers = {"kid": _public(state)["kid"]}
    return jwt.encode(claims, state.key, algorithm="RS256", headers=headers), ends
