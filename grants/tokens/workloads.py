"""Service-account tokens of Kubernetes as credentials: whose they are, if a cluster's own key says so. Pure.

Source: RFC 7519, RFC 8725; the claims of projected tokens in Kubernetes' "Managing Service Accounts".
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.utils import base64url_decode

from grants.tokens.decision import Workload, utc

LOGIN = "serviceaccount"
"""The user name that goes with a service-account token."""
ALGORITHMS = frozenset({"RS256", "ES256"})
LONGEST = 8 * 1024
"""Characters. A projected token has about 1,200."""
MOST_KEYS = 50
SHORTEST_RSA, LONGEST_RSA = 2048, 8192
"""Bits. Above, one signature would take the time of a thousand."""
EARLY = timedelta(seconds=10)
"""How far a cluster's clock may be ahead of the database's."""
_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_ACCOUNT = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
Keys = Mapping[str, jwt.PyJWK]


class TokenRefused(Exception):
    """A token that does not count; `code` says why, for the log of tokens."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class KeyUnknown(TokenRefused):
    """The cluster may have a newer key than those we read."""

    def __init__(self, clusters: "Sequence[TrustedCluster]") -> None:
        super().__init__("unknown_key")
        self.clusters = clusters


@dataclass(frozen=True, slots=True)
class TrustedCluster:
    """A cluster whose tokens are accepted.

    `fixed`: its keys are a setting and never read. `read_at`: when they were read, by the database's clock.
    """

    pk: int
    key: str
    issuer: str
    audience: str
    keys: Keys = field(repr=False)
    jwks_url: str = ""
    ca: str = field(default="", repr=False)
    push: bool = False
    fixed: bool = False
    read_at: datetime | None = None


def is_workload(login: str, secret: str) -> bool:
    """Whether this pair is a service-account token: a pull token of ours has no dots."""
    return secret.startswith("ey") and secret.count(".") == 2 and login.strip().lower() == LOGIN


def verify(token: str, clusters: Iterable[TrustedCluster], *, now: datetime) -> Workload:
    """Whose token this is. The header's own `jwk`, `jku` and `x5u` are never looked at. Raises TokenRefused."""
    header, claims = _unverified(token)
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not isinstance(kid, str):
        raise TokenRefused("bad_header")
    if algorithm not in ALGORITHMS or "crit" in header:
        raise TokenRefused("bad_header")
    named = [cluster for cluster in clusters if cluster.issuer == claims.get("iss")]
    if not named:
        raise TokenRefused("unknown_issuer")
    # Clusters made alike share the issuer `https://kubernetes.default.svc`: their keys tell them apart.
    knowing = [cluster for cluster in named if kid in cluster.keys]
    if not knowing:
        raise KeyUnknown(named)
    cluster = next((one for one in knowing if _signed(token, one.keys[kid], algorithm)), None)
    if cluster is None:
        raise TokenRefused("bad_signature")
    return _workload(cluster, claims, now)


def usable_keys(document: object) -> dict[str, jwt.PyJWK]:
    """The keys of a JSON Web Key Set that may sign: RSA of 2048 bits or P-256, by their id; others are left out."""
    listed = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, jwt.PyJWK] = {}
    for entry in listed[:MOST_KEYS] if isinstance(listed, list) else ():
        if key := _usable(entry):
            found[entry["kid"]] = key
    return found


def _usable(entry: Any) -> jwt.PyJWK | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str):
        return None
    if entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    try:
        key = jwt.PyJWK.from_dict(entry, algorithm=entry.get("alg") or _algorithm(entry))
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return key if key.algorithm_name in ALGORITHMS and _strong(key.key) else None


def _algorithm(entry: Mapping[str, Any]) -> str:
    return "ES256" if entry.get("kty") == "EC" else "RS256"


def _strong(key: object) -> bool:
    if isinstance(key, RSAPublicKey):
        return SHORTEST_RSA <= key.key_size <= LONGEST_RSA
    return isinstance(key, EllipticCurvePublicKey) and key.curve.name == "secp256r1"


def _signed(token: str, key: jwt.PyJWK, algorithm: str) -> bool:
    if key.algorithm_name != algorithm:
        return False
    try:
        jwt.PyJWS().decode(token, key.key, algorithms=[algorithm])
    except jwt.PyJWTError:
        return False
    return True


def _workload(cluster: TrustedCluster, claims: Mapping[str, Any], now: datetime) -> Workload:
    audience = claims.get("aud")
    if cluster.audience not in (audience if isinstance(audience, list) else [audience]):
        raise TokenRefused("wrong_audience")
    expires = _moment(claims, "exp")
    if expires is None or expires <= now:
        raise TokenRefused("token_expired")
    if any((at := _moment(claims, name)) and at > now + EARLY for name in ("nbf", "iat")):
        raise TokenRefused("not_yet_valid")
    namespace, account = _names(claims)
    return Workload(cluster.pk, cluster.key, namespace, account, expires, push=cluster.push)


def _names(claims: Mapping[str, Any]) -> tuple[str, str]:
    inside = claims.get("kubernetes.io")
    of_account = inside.get("serviceaccount") if isinstance(inside, dict) else None
    namespace = inside.get("namespace") if isinstance(inside, dict) else None
    account = of_account.get("name") if isinstance(of_account, dict) else None
    if not isinstance(namespace, str) or not isinstance(account, str):
        raise TokenRefused("no_service_account")
    if not _NAMESPACE.fullmatch(namespace) or not _ACCOUNT.fullmatch(account):
        raise TokenRefused("no_service_account")
    if claims.get("sub") != f"system:serviceaccount:{namespace}:{account}":
        raise TokenRefused("no_service_account")
    return namespace, account


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**33:
        raise TokenRefused("bad_claims")
    return utc(value)


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(token) > LONGEST or not token.isascii():
        raise TokenRefused("bad_token")
    head, body, _signature = token.split(".")
    return _part(head), _part(body)


def _part(text: str) -> dict[str, Any]:
    try:
        found = json.loads(base64url_decode(text), object_pairs_hook=_each_key_once)
    except (ValueError, RecursionError):
        raise TokenRefused("bad_token") from None
    if not isinstance(found, dict):
        raise TokenRefused("bad_token")
    return found


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
