"""C2SP tlog-tiles: how the tree is cut into tiles of 256 hashes, named, bundled and turned into proofs.

A tile `(level, number)` holds up to 256 hashes; the hash at position `p` of level `l` is that of the complete
subtree of height `8 * l` and index `p`. All other nodes are computed from them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from common.ledger.errors import Reason, Refused
from common.ledger.tree import HASH_SIZE, complete_subtrees, hash_range, node_hash

__all__ = [
    "TILE_WIDTH",
    "Tile",
    "decode_bundle",
    "encode_bundle",
    "extend_tiles",
    "parse_tile_index",
    "prove",
    "right_edge",
    "tile_index",
    "tile_path",
    "tile_widths",
    "tiles_needed",
    "tree_root",
]

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT

Tile = tuple[int, int]
Range = tuple[int, int]

_INDEX = re.compile(r"((?:x[0-9]{3}/){0,5})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


def tile_index(number: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile's number: `x001/x234/067`, with `.p/W` for a partial one."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    return "/".join(reversed(groups)) + ("" if width == TILE_WIDTH else f".p/{width}")


def tile_path(level: int | None, number: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile below the log's prefix; level None names a bundle of entries."""
    return f"tile/{'entries' if level is None else level}/{tile_index(number, width)}"


def parse_tile_index(text: str) -> tuple[int, int] | None:
    """Number and width of a tile's path, or None when it is not spelled as `tile_index` spells it."""
    match = _INDEX.fullmatch(text)
    if match is None:
        return None
    number = int(match[1].replace("x", "").replace("/", "") + match[2])
    width = int(match[3]) if match[3] else TILE_WIDTH
    return (number, width) if tile_index(number, width) == text else None


def tile_widths(size: int) -> Iterable[tuple[int, int, int]]:
    """`(level, number, width)` of every tile of a tree of `size` leaves."""
    level, hashes = 0, size
    while hashes:
        for number in range(-(-hashes // TILE_WIDTH)):
            yield level, number, min(TILE_WIDTH, hashes - number * TILE_WIDTH)
        level, hashes = level + 1, hashes // TILE_WIDTH


def right_edge(size: int) -> list[Tile]:
    """The tiles that are partial in a tree of `size`: those from which it grows and its root is computed."""
    edge = []
    level, hashes = 0, size
    while hashes:
        if hashes % TILE_WIDTH:
            edge.append((level, hashes // TILE_WIDTH))
        level, hashes = level + 1, hashes // TILE_WIDTH
    return edge


def _place(height: int, index: int) -> tuple[int, int, int, int]:
    """Where the leaves of a complete subtree stand: level, tile number, offset in the tile, count."""
    level, rest = divmod(height, TILE_HEIGHT)
    first = index << rest
    return level, first // TILE_WIDTH, first % TILE_WIDTH, 1 << rest


def tiles_needed(ranges: Iterable[Range]) -> set[Tile]:
    """The tiles from which the hashes of these ranges are computed."""
    return {
        _place(height, index)[:2] for start, end in ranges for height, index in complete_subtrees(start, end)
    }


def _combine(hashes: bytes) -> bytes:
    """The tree hash over a power of two of hashes."""
    nodes = [hashes[at : at + HASH_SIZE] for at in range(0, len(hashes), HASH_SIZE)]
    while len(nodes) > 1:
        nodes = [node_hash(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0]


def _subtree_hash(tiles: Mapping[Tile, bytes], height: int, index: int) -> bytes:
    level, number, offset, count = _place(height, index)
    held = tiles.get((level, number), b"")[offset * HASH_SIZE : (offset + count) * HASH_SIZE]
    if len(held) != count * HASH_SIZE:
        raise Refused(Reason.MISSING_PART, tile_path(level, number))
    return _combine(held)


def prove(ranges: Sequence[Range], tiles: Mapping[Tile, bytes]) -> list[bytes]:
    """The hashes of a proof, one for each range, from the tiles that `tiles_needed` names."""
    return [hash_range(start, end, lambda h, i: _subtree_hash(tiles, h, i)) for start, end in ranges]


def tree_root(size: int, tiles: Mapping[Tile, bytes]) -> bytes:
    """The root of a tree of `size`, from the tiles of its right edge."""
    return hash_range(0, size, lambda h, i: _subtree_hash(tiles, h, i))


def extend_tiles(size: int, edge: Mapping[Tile, bytes], leaves: Sequence[bytes]) -> dict[Tile, bytes]:
    """The tiles that change when `leaves` (leaf hashes) are appended to a tree of `size`.

    `edge` holds the tiles of `right_edge(size)`; together with it the answer holds the right edge of the
    grown tree.
    """
    changed: dict[Tile, bytes] = {}
    level, position, hashes = 0, size, list(leaves)
    while hashes:
        above: list[bytes] = []
        at = 0
        while at < len(hashes):
            number, held = divmod(position, TILE_WIDTH)
            taken = hashes[at : at + TILE_WIDTH - held]
            before = edge.get((level, number), b"") if held else b""
            if len(before) != held * HASH_SIZE:
                raise Refused(Reason.MISSING_PART, tile_path(level, number))
            tile = before + b"".join(taken)
            changed[level, number] = tile
            if len(tile) == TILE_WIDTH * HASH_SIZE:
                above.append(_combine(tile))
            at += len(taken)
            position += len(taken)
        position = size >> (TILE_HEIGHT * (level + 1))
        level, hashes = level + 1, above
    return changed


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Entries as a bundle: each behind its length in two bytes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        Refused: the lengths do not add up.
    """
    entries = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise Refused(Reason.WRONG_ENTRY, "bundle")
        entries.append(data[at + 2 : end])
        at = end
    return entries
