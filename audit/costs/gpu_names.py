"""Names of GPU types as sources write them. Pure."""

import re

_NOT_NAME = re.compile(r"[^a-z0-9]+")
_VENDOR = re.compile(r"^(nvidia[\s_-]+)?(tesla[\s_-]+)?", re.IGNORECASE)
LONGEST = 60


def folded(name: str) -> str:
    """The form in which names of types are compared: `NVIDIA-L40S`, `nvidia l40s` and `L40S` are all `l40s`."""
    plain = _NOT_NAME.sub("-", name.lower()).strip("-")
    for vendor in ("nvidia-", "tesla-"):
        plain = plain.removeprefix(vendor)
    return plain[:LONGEST].strip("-")


def label_of(name: str) -> str:
    """What pages say for a name of a source, until somebody chooses a better word: without the vendor."""
    return _VENDOR.sub("", name.strip())[:80] or name[:80]
