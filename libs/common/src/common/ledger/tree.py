"""The Merkle tree of RFC 6962: hashing, the ranges a proof is made of, and the checking of proofs.

Nothing here knows where hashes are kept. A *range* is the half-open interval of leaves whose tree hash stands
at one place of a proof; a *subtree* is `(height, index)`: the complete tree over the leaves
`index * 2**height` up to `(index + 1) * 2**height`.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

from common.ledger.errors import Reason, Refused

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "Frontier",
    "check_consistency",
    "check_inclusion",
    "complete_subtrees",
    "consistency_ranges",
    "hash_range",
    "inclusion_ranges",
    "leaf_hash",
    "node_hash",
    "root_from_inclusion",
]

HASH_SIZE = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

Range = tuple[int, int]
Subtree = tuple[int, int]


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _fold(peaks: Iterable[bytes]) -> bytes:
    """The root over complete subtrees given from left to right, each higher than the next."""
    root: bytes | None = None
    for peak in reversed(list(peaks)):
        root = peak if root is None else node_hash(peak, root)
    return EMPTY_ROOT if root is None else root


class Frontier:
    """A tree that remembers only its peaks: grows leaf by leaf in logarithmic space and knows its root."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the hash of the next leaf."""
        carry, position = leaf, self.size
        while position & 1:
            carry = node_hash(self._peaks.pop(), carry)
            position >>= 1
        self._peaks.append(carry)
        self.size += 1

    def root(self) -> bytes:
        """The tree hash over all leaves so far."""
        return _fold(self._peaks)


def _split(width: int) -> int:
    """The largest power of two below `width` (at least 2)."""
    return 1 << ((width - 1).bit_length() - 1)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The ranges of PATH(index, D[0:size]), from the leaf upwards (RFC 6962, 2.1.1)."""
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    ranges.reverse()
    return ranges


def consistency_ranges(old: int, new: int) -> list[Range]:
    """The ranges of PROOF(old, D[0:new]) for 0 < old <= new (RFC 6962, 2.1.2)."""
    ranges: list[Range] = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        ranges.append((start, end))
    ranges.reverse()
    return ranges


def complete_subtrees(start: int, end: int) -> list[Subtree]:
    """The complete subtrees, left to right, that make up a range of a proof or of a whole tree."""
    subtrees: list[Subtree] = []
    while start < end:
        height = (end - start).bit_length() - 1
        subtrees.append((height, start >> height))
        start += 1 << height
    return subtrees


def hash_range(start: int, end: int, subtree_hash: Callable[[int, int], bytes]) -> bytes:
    """The tree hash of a range, from the hashes of complete subtrees."""
    return _fold(subtree_hash(height, index) for height, index in complete_subtrees(start, end))


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2).

    Raises:
        Refused: the proof has not the length that index and size demand.
    """
    if not 0 <= index < size:
        raise Refused(Reason.WRONG_SIZE, "leaf_index")
    node, last, root = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Refused(Reason.BAD_PROOF, "inclusion_proof")
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            root = node_hash(root, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise Refused(Reason.BAD_PROOF, "inclusion_proof")
    return root


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse unless `leaf` (a leaf hash) is the leaf number `index` of the tree with `size` and `root`."""
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise Refused(Reason.BAD_PROOF, "inclusion_proof")


def check_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Refuse unless the tree (`new`, `new_root`) has the tree (`old`, `old_root`) as its beginning.

    Every tree has the empty tree as its beginning, for which the proof is empty (RFC 9162, 2.1.4.2).
    """
    if not 0 <= old <= new:
        raise Refused(Reason.WRONG_SIZE, "consistency")
    if old in (0, new):
        if proof or (old_root != new_root if old == new else old_root != EMPTY_ROOT):
            raise Refused(Reason.BAD_PROOF, "consistency_proof")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise Refused(Reason.BAD_PROOF, "consistency_proof")
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise Refused(Reason.BAD_PROOF, "consistency_proof")
        if node & 1 or node == last:
            first = node_hash(sibling, first)
            second = node_hash(sibling, second)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            second = node_hash(second, sibling)
        node >>= 1
        last >>= 1
    if last or first != old_root or second != new_root:
        raise Refused(Reason.BAD_PROOF, "consistency_proof")
