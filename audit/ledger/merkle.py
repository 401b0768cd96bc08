"""Merkle trees in bulk: levels of many leaves at once, and inclusion proofs out of them (RFC 6962)."""

from hashlib import sha256
from itertools import accumulate

from .offline import node_hash

WIDTH = 32


def levels(leaves: bytes) -> list[bytes]:
    """All levels of full nodes above concatenated leaf hashes, the leaves first; 32 bytes a node."""
    built = [leaves]
    while len(built[-1]) >= 2 * WIDTH:
        below = built[-1]
        ends = range(0, len(below) - 2 * WIDTH + 1, 2 * WIDTH)
        built.append(b"".join([sha256(b"\x01" + below[at : at + 64]).digest() for at in ends]))
    return built


def peaks(built: list[bytes], size: int) -> list[bytes]:
    """The frontier of the first `size` leaves: the roots of their full subtrees, largest first."""
    return [_node(built, height, start >> height) for start, height in _spans(size)]


def proof(built: list[bytes], index: int, size: int) -> list[bytes]:
    """The inclusion proof of leaf `index` in the tree over the first `size` leaves."""
    spans, frontier = _spans(size), peaks(built, size)
    own = next(number for number, (start, height) in enumerate(spans) if index < start + (1 << height))
    path = [_node(built, level, (index >> level) ^ 1) for level in range(spans[own][1])]
    right = frontier[own + 1 :]
    if right:
        path.append(fold(right))
    return path + frontier[:own][::-1]


def fold(frontier: list[bytes]) -> bytes:
    """The root over a frontier of at least one peak."""
    return list(accumulate(reversed(frontier), lambda right, left: node_hash(left, right)))[-1]


def _spans(size: int) -> list[tuple[int, int]]:
    heights = [height for height in range(size.bit_length() - 1, -1, -1) if size >> height & 1]
    starts = accumulate((1 << height for height in heights), initial=0)
    return list(zip(starts, heights, strict=False))


def _node(built: list[bytes], level: int, index: int) -> bytes:
    return built[level][index * WIDTH : (index + 1) * WIDTH]
