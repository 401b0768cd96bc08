#!/usr/bin/env python3
"""`purser-credential-provider`: the kubelet's exec plugin that pulls with a pod's own service-account token.

One file of the standard library alone: copy it to the nodes as it is. It asks nobody and keeps nothing.
Source: k8s.io/kubelet/pkg/apis/credentialprovider/v1; KEP-4412 (Kubernetes 1.33 alpha, 1.34 beta).
"""

import argparse
import base64
import binascii
import json
import sys
import time
from collections.abc import Sequence
from typing import Any

API = "credentialprovider.kubelet.k8s.io/v1"
LOGIN = "serviceaccount"
MARGIN = 60
"""Seconds before the token's end at which the kubelet asks anew: a pull takes a while."""
LONGEST = 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """Read a CredentialProviderRequest, write a CredentialProviderResponse; 1 for what cannot be read."""
    parser = argparse.ArgumentParser(prog="purser-credential-provider", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--registry", action="append", required=True, metavar="HOST[:PORT]",
        help="a registry whose token server is Purser; no other ever sees a token (may repeat)",
    )  # fmt: skip
    allowed = {host.lower() for host in parser.parse_args(arguments).registry}
    try:
        request = json.loads(sys.stdin.read(LONGEST))
        answer = answer_to(request, allowed, now=time.time())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        # The request holds a token, so nothing of it is repeated.
        sys.stderr.write(f"purser-credential-provider: stdin is no CredentialProviderRequest of {API}\n")
        return 1
    json.dump(answer, sys.stdout)
    return 0


def answer_to(request: dict[str, Any], allowed: set[str], *, now: float) -> dict[str, Any]:
    """The response: the token itself as the password, cached by the kubelet until shortly before its end.

    Raises ValueError for another kind of request. Without a token, or for another registry, nothing is given.
    """
    if request["apiVersion"] != API or request["kind"] != "CredentialProviderRequest":
        raise ValueError
    host = request["image"].split("/", 1)[0].lower()
    token = request.get("serviceAccountToken") or ""
    if not token or host not in allowed:
        return _response({}, 0)
    return _response({host: {"username": LOGIN, "password": token}}, _seconds_left(token, now))


def _response(auth: dict[str, Any], seconds: int) -> dict[str, Any]:
    return {
        "apiVersion": API,
        "kind": "CredentialProviderResponse",
        "cacheKeyType": "Registry",
        "cacheDuration": f"{seconds}s",
        "auth": auth,
    }


def _seconds_left(token: str, now: float) -> int:
    """How long the kubelet may keep the answer; 0 when that cannot be read. The server checks the token, not we."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return max(0, int(claims["exp"] - now) - MARGIN)
    except (binascii.Error, ValueError, IndexError, KeyError, TypeError):
        return 0


if __name__ == "__main__":
    sys.exit(main())
