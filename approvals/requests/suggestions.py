"""Which known address a mistyped one was meant to be. Pure; indexed, so that 500 mistakes stay cheap."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

LIKE_ENOUGH = 0.8
LONGEST = 64  # characters of a local part, RFC 5321 section 4.5.3.1.1
_PARTS = re.compile(r"[\W_]+")


class Suggester:
    """Compares unknown tokens with known addresses (both folded)."""

    def __init__(self, addresses: Collection[str]) -> None:
        """Index the addresses by domain and by each near spelling of their local part."""
        self._addresses = frozenset(addresses)
        self._domains = sorted({address.rpartition("@")[2] for address in self._addresses})
        self._near: dict[str, set[str]] = defaultdict(set)
        for address in self._addresses:
            for key in _keys(address.rpartition("@")[0]):
                self._near[key].add(address)
        self._domain = lru_cache(maxsize=512)(self._known_domain)

    def suggest(self, token: str) -> str | None:
        """The known address most like the token; None where none is like it or two are as much."""
        local, _, domain = token.rpartition("@") if "@" in token else (token, "", "")
        meant = self._domain(domain) if domain else None
        if meant and f"{local}@{meant}" in self._addresses:
            return f"{local}@{meant}"
        if not local or len(local) > LONGEST or (domain and not meant):
            return None
        near = {address for key in _keys(local) for address in self._near.get(key, ())}
        return _best(local, {address for address in near if not meant or address.endswith(f"@{meant}")})

    def _known_domain(self, domain: str) -> str | None:
        if len(domain) > 255:
            return None
        return next(iter(get_close_matches(domain, self._domains, n=1, cutoff=LIKE_ENOUGH)), None)


def _keys(local: str) -> Iterator[str]:
    """The spelling, each spelling with one letter less, and its parts sorted: `wang.lei` is like `lei_wang`.

    Two spellings that share a key are one insertion, deletion, replacement or swap of neighbours apart.
    """
    yield local
    yield from (local[:place] + local[place + 1 :] for place in range(len(local)))
    yield _sorted_parts(local)


def _best(local: str, addresses: Collection[str]) -> str | None:
    ranked = sorted(((_likeness(local, address), address) for address in addresses), reverse=True)
    if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
        return None
    return ranked[0][1]


def _likeness(local: str, address: str) -> float:
    other = address.rpartition("@")[0]
    return max(_ratio(local, other), _ratio(_sorted_parts(local), _sorted_parts(other)))


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(a=one, b=other, autojunk=False).ratio()


def _sorted_parts(local: str) -> str:
    return " ".join(sorted(_PARTS.split(local)))
