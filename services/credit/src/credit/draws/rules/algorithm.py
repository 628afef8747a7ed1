"""`weighted-draw/1`: objects by weight without replacement, then inspectors by load.

Integers and SHA-256 only.
docs/guides/draw.md describes every byte of it, so that a stranger can write it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

__all__ = ["ALGORITHM", "Inputs", "Pick", "commitment_of", "draw", "seed_of"]

ALGORITHM = "weighted-draw/1"
COMMITMENT_DOMAIN = b"tourtrust.draw.commitment/1"
SEED_DOMAIN = b"tourtrust.draw.seed/1"
_SPACE = 1 << 256


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is frozen: weights by object, inspectors, who may not inspect what, and how many are drawn."""

    weights: Mapping[str, int]
    inspectors: tuple[str, ...]
    recusals: frozenset[tuple[str, str]]
    count: int
    inspectors_per_object: int

    def eligible(self, item: str) -> list[str]:
        """The inspectors that may inspect an object."""
        return [one for one in self.inspectors if (one, item) not in self.recusals]


@dataclass(frozen=True, slots=True)
class Pick:
    """A drawn object with its inspectors."""

    object: str
    inspectors: tuple[str, ...]


def commitment_of(draw_id: str, officer: str, secret: bytes) -> str:
    """What an officer commits to: SHA-256(domain || draw || officer || 32-byte secret), lower-case hex."""
    if len(secret) != 32:
        raise ValueError("a secret is 32 bytes")
    return sha256(COMMITMENT_DOMAIN + draw_id.encode("ascii") + officer.encode() + secret).hexdigest()


def seed_of(root: bytes, reveals: Mapping[str, bytes]) -> bytes:
    """SHA-256(domain || root of the checkpoint || secrets ordered by officer, as UTF-8)."""
    ordered = sorted(reveals, key=lambda officer: officer.encode())
    return sha256(SEED_DOMAIN + root + b"".join(reveals[officer] for officer in ordered)).digest()


def draw(seed: bytes, inputs: Inputs) -> list[Pick]:
    """Draw `count` objects, each by its weight among those left, and give each its inspectors.

    Raises:
        ValueError: a weight is not positive, more is to be drawn than there is, or an object has too few
            inspectors that may inspect it.
    """
    loads = dict.fromkeys(inputs.inspectors, 0)
    picks = []
    for item in _objects(seed, inputs):
        chosen = _inspectors(seed, item, inputs, loads)
        for inspector in chosen:
            loads[inspector] += 1
        picks.append(Pick(item, tuple(chosen)))
    return picks


def _objects(seed: bytes, inputs: Inputs) -> Iterable[str]:
    left = sorted(inputs.weights.items(), key=lambda entry: entry[0].encode())
    if not 0 < inputs.count <= len(left) or any(weight < 1 for _, weight in left):
        raise ValueError("weights must be positive and cover what is drawn")
    total = sum(weight for _, weight in left)
    counter = 0
    for _ in range(inputs.count):
        mark, counter = _below(seed, total, counter)
        place = 0
        while mark >= left[place][1]:
            mark -= left[place][1]
            place += 1
        item, weight = left.pop(place)
        total -= weight
        yield item


def _below(seed: bytes, bound: int, counter: int) -> tuple[int, int]:
    """A number below `bound` and the next counter. Blocks past the last whole multiple are skipped."""
    limit = _SPACE - _SPACE % bound
    while True:
        block = int.from_bytes(sha256(seed + b"object" + counter.to_bytes(8, "big")).digest(), "big")
        counter += 1
        if block < limit:
            return block % bound, counter


def _inspectors(seed: bytes, item: str, inputs: Inputs, loads: Mapping[str, int]) -> list[str]:
    eligible = inputs.eligible(item)
    if len(eligible) < inputs.inspectors_per_object:
        raise ValueError("an object has too few inspectors that may inspect it")

    def order(inspector: str) -> tuple[int, bytes]:
        lot = sha256(seed + b"inspector" + item.encode() + b"\x00" + inspector.encode()).digest()
        return loads[inspector], lot

    return sorted(eligible, key=order)[: inputs.inspectors_per_object]
