"""Who pushes messages of Pub/Sub to us: Google's OIDC token of the push, checked with Google's public keys.

Source: Pub/Sub, "Authentication for push subscriptions": RS256, `iss` Google's, `aud` and the account's `email` as the
subscription was set up. The token says who pushes, not what: the account is one made for this subscription alone.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt

from grants.connectors.oidc_keys import read_keys

CERTS = "https://www.googleapis.com/oauth2/v3/certs"
ISSUERS = ("https://accounts.google.com", "accounts.google.com")
LONGEST = 4096
SKEW = timedelta(seconds=60)
_LATEST = 2**33


class PushRefused(Exception):
    """The token proves nothing; `code` says why, for the log."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PushKeyUnknown(PushRefused):
    """Google may have a newer key than those we know."""

    def __init__(self) -> None:
        super().__init__("unknown_key")


def check_push(
    token: str, *, keys: Mapping[str, jwt.PyJWK], audience: str, account: str, now: datetime
) -> None:
    """Return when this account pushed to this audience just now. Raises PushRefused, PushKeyUnknown.

    What the token claims is compared before any key is looked for: a stranger's token costs nobody a look at Google.
    """
    header, claims = _unverified(token)
    _check_claims(claims, audience=audience, account=account, now=now)
    key = keys.get(str(header.get("kid")))
    if header.get("alg") != "RS256" or "crit" in header:
        raise PushRefused("bad_header")
    if key is None:
        raise PushKeyUnknown
    try:
        jwt.PyJWS().decode(token, key.key, algorithms=["RS256"])
    except jwt.PyJWTError:
        raise PushRefused("bad_signature") from None


def read_certs(url: str = CERTS) -> dict[str, Any]:
    """Google's key set, within seconds. Not for a thread that runs an event loop. Raises ConnectorError."""
    return asyncio.run(read_keys(issuer="", jwks_url=url))


def _check_claims(claims: Mapping[str, Any], *, audience: str, account: str, now: datetime) -> None:
    if claims.get("iss") not in ISSUERS:
        raise PushRefused("other_issuer")
    if not audience or claims.get("aud") != audience:
        raise PushRefused("other_audience")
    email = claims.get("email")
    if (
        not isinstance(email, str)
        or email.lower() != account.lower()
        or claims.get("email_verified") is not True
    ):
        raise PushRefused("other_account")
    made, ends = _second(claims, "iat"), _second(claims, "exp")
    if ends < now.timestamp() - SKEW.total_seconds() or made > now.timestamp() + SKEW.total_seconds():
        raise PushRefused("not_now")


def _second(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _LATEST:
        raise PushRefused("bad_claims")
    return value


def _unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(token) > LONGEST or not token.isascii() or token.count(".") != 2:
        raise PushRefused("bad_token")
    head, body, _signature = token.split(".")
    return _part(head), _part(body)


def _part(text: str) -> dict[str, Any]:
    try:
        found = json.loads(jwt.utils.base64url_decode(text))
    except (ValueError, RecursionError):
        raise PushRefused("bad_token") from None
    if not isinstance(found, dict):
        raise PushRefused("bad_token")
    return found
