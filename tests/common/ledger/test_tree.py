"""The tree against two independent implementations: the RFC's own recursion, and pymerkle."""

import pytest
from common.ledger.errors import Refused
from common.ledger.tiles import extend_tiles, prove, right_edge, tile_widths, tiles_needed, tree_root
from common.ledger.tree import (
    EMPTY_ROOT,
    Frontier,
    check_consistency,
    check_inclusion,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from . import naive

ENTRIES = st.lists(st.binary(max_size=12), max_size=40)


def grown(entries: list[bytes], cuts: list[int] | None = None):
    """Tiles of the tree over `entries`, appended in batches that end at `cuts`."""
    tiles: dict[tuple[int, int], bytes] = {}
    start = 0
    for end in [*sorted(cuts or []), len(entries)]:
        edge = {tile: tiles[tile] for tile in right_edge(start)}
        tiles |= extend_tiles(start, edge, [leaf_hash(entry) for entry in entries[start:end]])
        start = end
    return tiles


@given(ENTRIES)
def test_root_is_the_rfc_root(entries):
    frontier = Frontier()
    for entry in entries:
        frontier.append(leaf_hash(entry))
    assert frontier.root() == naive.mth(entries) == tree_root(len(entries), grown(entries))


@given(st.lists(st.binary(max_size=12), min_size=1, max_size=40))
def test_root_is_pymerkles_root(entries):
    oracle = InmemoryTree(algorithm="sha256")
    for entry in entries:
        oracle.append_entry(entry)
    assert tree_root(len(entries), grown(entries)) == oracle.get_root()


def test_every_inclusion_proof_up_to_33():
    entries = [bytes([n]) for n in range(33)]
    tiles = grown(entries)
    for size in range(1, 34):
        root = naive.mth(entries[:size])
        for index in range(size):
            proof = prove(inclusion_ranges(index, size), tiles)
            assert proof == naive.path(index, entries[:size])
            check_inclusion(leaf_hash(entries[index]), index, size, proof, root)


def test_every_consistency_proof_up_to_33():
    entries = [bytes([n]) for n in range(33)]
    tiles = grown(entries)
    for new in range(1, 34):
        new_root = naive.mth(entries[:new])
        for old in range(1, new + 1):
            proof = prove(consistency_ranges(old, new), tiles)
            assert proof == naive.proof(old, entries[:new])
            check_consistency(old, new, naive.mth(entries[:old]), new_root, proof)
    check_consistency(0, 33, EMPTY_ROOT, naive.mth(entries), [])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_altered_inclusion_proofs_are_refused(data):
    size = data.draw(st.integers(1, 40))
    index = data.draw(st.integers(0, size - 1))
    entries = [bytes([n]) for n in range(size)]
    proof = naive.path(index, entries)
    root = naive.mth(entries)
    change = data.draw(st.sampled_from(["index", "size", "drop", "add", "flip", "leaf", "root"]))
    leaf = leaf_hash(entries[index])
    if change == "index":
        index = data.draw(st.integers(0, 64).filter(lambda other: other != index))
    elif change == "size":
        # Another size that demands another path; where the path is the same, only the signed size tells.
        other = data.draw(st.integers(0, 64))
        if inclusion_shape(index, other) == inclusion_shape(index, size):
            return
        size = other
    elif change == "drop" and proof:
        proof = proof[:-1]
    elif change == "flip" and proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        proof = [*proof[:at], bytes(32), *proof[at + 1 :]]
    elif change == "leaf":
        leaf = leaf_hash(b"another")
    elif change == "root":
        root = bytes(32)
    else:
        proof = [*proof, bytes(32)]
    with pytest.raises(Refused):
        check_inclusion(leaf, index, size, proof, root)


def inclusion_shape(index: int, size: int) -> list[bool] | None:
    if index >= size:
        return None
    return [end <= index for _, end in inclusion_ranges(index, size)]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_altered_histories_are_not_consistent(data):
    new = data.draw(st.integers(2, 40))
    old = data.draw(st.integers(1, new))
    entries = [bytes([n]) for n in range(new)]
    rewritten = list(entries)
    rewritten[data.draw(st.integers(0, old - 1))] = b"rewritten"
    with pytest.raises(Refused):
        check_consistency(
            old, new, naive.mth(entries[:old]), naive.mth(rewritten), naive.proof(old, rewritten)
        )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1200), st.lists(st.integers(0, 1200), max_size=6))
def test_tiles_do_not_depend_on_batches(size, cuts):
    entries = [n.to_bytes(2, "big") for n in range(size)]
    tiles = grown(entries, [cut for cut in cuts if cut <= size])
    assert tiles == grown(entries)
    assert {(level, number): 32 * width for level, number, width in tile_widths(size)} == {
        tile: len(hashes) for tile, hashes in tiles.items()
    }


@pytest.mark.parametrize("size", [255, 256, 257, 65_535, 65_536, 65_537, 70_000])
def test_roots_and_proofs_across_tile_levels(size):
    frontier = Frontier()
    entries = [n.to_bytes(3, "big") for n in range(size)]
    for entry in entries:
        frontier.append(leaf_hash(entry))
    tiles = grown(entries, [size // 3, size // 2])
    assert tree_root(size, {tile: tiles[tile] for tile in right_edge(size)}) == frontier.root()
    for index in {0, 1, size // 2, size - 2, size - 1}:
        ranges = inclusion_ranges(index, size)
        needed = {tile: tiles[tile] for tile in tiles_needed(ranges)}
        check_inclusion(leaf_hash(entries[index]), index, size, prove(ranges, needed), frontier.root())
    for old in {1, 2, 255, 256 if size >= 256 else 1, size // 2, size - 1}:
        ranges = consistency_ranges(old, size)
        older = tree_root(old, grown(entries[:old]))
        check_consistency(old, size, older, frontier.root(), prove(ranges, tiles))


def test_tile_widths_of_the_specification():
    widths = list(tile_widths(70_000))
    assert sum(width == 256 for level, _, width in widths if level == 0) == 273
    assert widths[273] == (0, 273, 112)
    assert widths[274:] == [(1, 0, 256), (1, 1, 17), (2, 0, 1)]
