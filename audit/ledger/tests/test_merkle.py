from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.ledger.merkle import fold, levels, peaks, proof
from audit.ledger.offline import Tampered, Tree, root_from_proof

SIZES = st.integers(1, 200)


def leaves(count: int) -> list[bytes]:
    return [sha256(number.to_bytes(4, "big")).digest() for number in range(count)]


def naive_root(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\x01" + naive_root(hashes[:split]) + naive_root(hashes[split:])).digest()


def grown(hashes: list[bytes], start: Tree | None = None) -> Tree:
    tree = start or Tree()
    for leaf in hashes:
        tree.graft(leaf, 0)
    return tree


@given(SIZES)
def test_incremental_bulk_and_textbook_roots_agree(size: int) -> None:
    hashes = leaves(size)
    built = levels(b"".join(hashes))
    assert grown(hashes).root() == naive_root(hashes) == fold(peaks(built, size))
    assert grown(hashes).frontier == peaks(built, size)


@given(SIZES, st.data())
def test_a_tree_continues_from_its_frontier(size: int, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, size))
    first = grown(leaves(size)[:cut])
    assert grown(leaves(size)[cut:], Tree(cut, first.frontier)).root() == naive_root(leaves(size))


@given(SIZES, st.data())
def test_every_inclusion_proof_leads_to_the_root(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    path = proof(levels(b"".join(hashes)), index, size)
    assert root_from_proof(hashes[index], index, size, path) == naive_root(hashes)


@given(st.integers(2, 200), st.data())
def test_a_proof_of_another_leaf_place_or_length_fails(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    hashes = leaves(size)
    path = proof(levels(b"".join(hashes)), index, size)
    for leaf, place, steps in (
        (hashes[other], index, path),
        (hashes[index], other, path),
        (hashes[index], index, path[:-1]),
        (hashes[index], index, [*path, hashes[0]]),
    ):
        try:
            assert root_from_proof(leaf, place, size, steps) != naive_root(hashes)
        except Tampered:
            continue


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert Tree().root() == sha256(b"").digest()


def test_a_frontier_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(Tampered, match="peaks"):
        Tree(5, [b"x" * 32])


def test_an_index_outside_the_log_is_refused() -> None:
    with pytest.raises(Tampered, match="outside"):
        root_from_proof(b"x" * 32, 3, 3, [])
