"""The public keys of an OpenID Connect issuer, such as a Kubernetes cluster, read from its configured host only.

Source: OpenID Connect Discovery 1.0, section 4; RFC 7517.
"""

import asyncio
import ipaddress
import json
import ssl
from typing import Any

import httpx

from grants.connectors.errors import Malformed, Permanent, Transient
from grants.connectors.http_rules import connection_errors, error_for_status
from grants.connectors.registry_wire import origin

DISCOVERY = "/.well-known/openid-configuration"
_MAX_BODY = 256 * 1024
"""Bytes. A cluster has two or three keys of less than a kilobyte."""


async def read_keys(*, issuer: str, jwks_url: str = "", ca: str = "", timeout: float = 3.0) -> dict[str, Any]:
    """The issuer's JSON Web Key Set, from `jwks_url` or, when that is empty, from where the issuer's discovery says.

    Only the configured origin is asked: redirects are not followed, and discovery may not name another host. HTTP
    without TLS is for this machine only. `ca`: PEM text trusted instead of the public authorities. `timeout`:
    seconds for each call. Raises ConnectorError; its text holds no address.
    """
    async with _client(ca, timeout) as client:
        if not jwks_url:
            jwks_url = await _discovered(client, issuer, timeout)
        return await _document(client, jwks_url, timeout)


def _client(ca: str, timeout: float) -> httpx.AsyncClient:
    try:
        verify: ssl.SSLContext | bool = ssl.create_default_context(cadata=ca) if ca else True
    except ssl.SSLError:
        raise Permanent("The cluster's CA is not a PEM certificate.", code="bad_ca") from None
    return httpx.AsyncClient(timeout=httpx.Timeout(timeout), verify=verify, trust_env=False)


async def _discovered(client: httpx.AsyncClient, issuer: str, timeout: float) -> str:
    found = await _document(client, issuer.rstrip("/") + DISCOVERY, timeout)
    place = found.get("jwks_uri")
    if found.get("issuer") != issuer or not isinstance(place, str):
        raise Malformed("The cluster's discovery document is of another issuer.", code="other_issuer")
    try:
        same = origin(httpx.URL(place)) == origin(httpx.URL(issuer))
    except httpx.InvalidURL:
        same = False
    if not same:
        raise Permanent("The cluster's keys are on another host. Set jwks_url.", code="other_host")
    return place


async def _document(client: httpx.AsyncClient, address: str, timeout: float) -> dict[str, Any]:
    url = _checked(address)
    with connection_errors("The cluster"):
        try:
            async with asyncio.timeout(2 * timeout):
                status, headers, body = await _read(client, url)
        except TimeoutError:
            raise Transient("The cluster answers too slowly.") from None
    if status != 200:
        raise error_for_status(status, what="The cluster", headers=headers)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Malformed("The cluster's keys cannot be read.", code="not_json")
    return found


async def _read(client: httpx.AsyncClient, url: httpx.URL) -> tuple[int, httpx.Headers, bytes]:
    body = bytearray()
    headers = {"Accept": "application/json, application/jwk-set+json", "Accept-Encoding": "identity"}
    async with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > _MAX_BODY:
                raise Malformed("The cluster sent more than keys are long.", code="too_large")
    return response.status_code, response.headers, bytes(body)


def _checked(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise Permanent("The address of the cluster's keys cannot be used.", code="bad_address") from None
    safe = url.scheme == "https" or (url.scheme == "http" and _is_this_machine(url.host))
    if not safe or not url.host or url.userinfo or _is_link_local(url.host):
        raise Permanent("The address of the cluster's keys is not safe.", code="bad_address")
    return url


def _is_this_machine(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _is_link_local(host: str) -> bool:
    # Where clouds keep their metadata service, and its secrets.
    address = _address(host)
    return address is not None and address.is_link_local


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
