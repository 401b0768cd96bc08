"""Finds the image reference and the symptom in whatever a client printed. Pure."""

import re
from collections.abc import Collection

from grants.catalogue.reference import Reference, parse_reference

LONGEST = 20_000
"""Characters that are read; error texts are shorter."""

# https://host/v2/repository/manifests/tag, as clients print the address that failed.
_ADDRESS = re.compile(
    r"https?://([^/\s\"']+)/v2/([a-z0-9/._-]+?)/(?:manifests|blobs|tags)/([^\s\"',?:]+(?::[0-9a-f]{64})?)"
)
_WORD = re.compile(r"[^\s\"'`,;()<>\[\]{}“”‘’，；]+")
_SYMPTOMS = (
    ("plain_http", re.compile(r"server gave HTTP response to HTTPS client", re.I)),
    ("certificate", re.compile(r"x509|certificate|tls: failed", re.I)),
    ("unreachable", re.compile(r"connection refused|no such host|dial tcp|timed? ?out|network is unreachable", re.I)),
    ("not_signed_in", re.compile(r"no basic auth|authentication required|unauthorized|incorrect username", re.I)),
    ("denied", re.compile(r"pull access denied|denied|insufficient_scope|forbidden", re.I)),
    ("missing", re.compile(r"manifest unknown|not found|does not exist", re.I)),
    ("too_many", re.compile(r"toomanyrequests|too many requests", re.I)),
)  # fmt: skip


def reference_in(text: str, *, hosts: Collection[str] = ()) -> Reference | None:
    """The reference a pasted text is about: of several, one at a known host, and with a tag or digest, is preferred."""
    text = text.strip()[:LONGEST]
    found = [reference for word in _candidates(text) if (reference := parse_reference(word))]
    likely = [one for one in found if one.host in hosts or "." in one.host or ":" in one.host]
    likely = likely or (
        [one for one in found if one.host == "localhost"] or (found if len(text.split()) == 1 else [])
    )
    return max(likely, key=lambda one: (one.host in hosts, bool(one.tag or one.digest)), default=None)


def symptom_in(text: str) -> str:
    """The first symptom that a client's message names: `plain_http`, `certificate`, ..., or empty."""
    return next((name for name, pattern in _SYMPTOMS if pattern.search(text[:LONGEST])), "")


def _candidates(text: str) -> list[str]:
    addresses = [
        f"{host}/{repository}{'@' if ':' in last else ':'}{last}"
        for host, repository, last in _ADDRESS.findall(text)
    ]
    words = [word.rstrip(".:!?") for word in _WORD.findall(text)]
    return [
        *addresses,
        *(word.removeprefix("docker://") for word in words if "/" in word and "/v2/" not in word),
    ]
