"""`weighted-draw/2`: objects by weight, stratum by stratum, without replacement; then inspectors by load.

Integers and SHA-256 only. docs/guides/draw.md describes every byte, so that a stranger can write it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

__all__ = ["ALGORITHM", "Inputs", "Pick", "Stratum", "commitment_of", "draw", "seed_of"]

ALGORITHM = "weighted-draw/2"
COMMITMENT_DOMAIN = b"tourtrust.draw.commitment/1"
SEED_DOMAIN = b"tourtrust.draw.seed/1"
_SPACE = 1 << 256


@dataclass(frozen=True, slots=True)
class Stratum:
    """Objects among which a number of their own is drawn, such as those of one tier."""

    id: str
    objects: frozenset[str]
    count: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is frozen: weights by object, inspectors, who may not inspect what, and how many are drawn.

    Without `strata` all objects are one. `inspectors_per_object` is the least number: an object may need more
    to have every `required` expertise and `min_departments`.
    """

    weights: Mapping[str, int]
    inspectors: tuple[str, ...]
    recusals: frozenset[tuple[str, str]]
    count: int
    inspectors_per_object: int
    strata: tuple[Stratum, ...] = ()
    departments: Mapping[str, str | None] = field(default_factory=dict)
    expertise: Mapping[str, frozenset[str]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    min_departments: int = 1

    def eligible(self, item: str) -> list[str]:
        """The inspectors that may inspect an object."""
        return [one for one in self.inspectors if (one, item) not in self.recusals]

    def can_inspect(self, item: str) -> bool:
        """Whether those who may inspect an object are enough, in number, expertise and departments."""
        eligible = self.eligible(item)
        return (
            len(eligible) >= self.inspectors_per_object
            and all(any(self.knows(one, skill) for one in eligible) for skill in self.required)
            and len({self.departments.get(one) for one in eligible}) >= self.min_departments
        )

    def knows(self, inspector: str, skill: str) -> bool:
        """Whether an inspector has an expertise."""
        return skill in self.expertise.get(inspector, ())


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
    """Draw `count` objects, each by its weight among those left in its stratum, and give each inspectors.

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
    strata = inputs.strata or (Stratum("", frozenset(inputs.weights), inputs.count),)
    if not 0 < inputs.count == sum(stratum.count for stratum in strata) or min(inputs.weights.values()) < 1:
        raise ValueError("weights must be positive and cover what is drawn")
    counter = 0
    for stratum in sorted(strata, key=lambda one: one.id.encode()):
        left = _Weighted({item: inputs.weights[item] for item in sorted(stratum.objects, key=str.encode)})
        if not 0 <= stratum.count <= len(stratum.objects):
            raise ValueError("more is to be drawn than there is")
        for _ in range(stratum.count):
            mark, counter = _below(seed, left.total, counter)
            yield left.take(mark)


class _Weighted:
    """A list of objects with weights, from which one is taken in logarithmic time (a Fenwick tree).

    It takes whom a walk along the list would: the first before whom and at whom the weights of those left
    exceed the mark.
    """

    def __init__(self, weights: Mapping[str, int]) -> None:
        self._items, self._weights = list(weights), list(weights.values())
        self.total = sum(self._weights)
        self._sums = [0, *self._weights]
        for place in range(1, len(self._sums)):
            if (above := place + (place & -place)) < len(self._sums):
                self._sums[above] += self._sums[place]

    def take(self, mark: int) -> str:
        """Remove and give the object at a mark below the total."""
        place, step = 0, 1 << (len(self._items).bit_length() - 1)
        while step:
            if place + step < len(self._sums) and self._sums[place + step] <= mark:
                place += step
                mark -= self._sums[place]
            step >>= 1
        weight, node = self._weights[place], place + 1
        self.total -= weight
        while node < len(self._sums):
            self._sums[node] -= weight
            node += node & -node
        return self._items[place]


def _below(seed: bytes, bound: int, counter: int) -> tuple[int, int]:
    """A number below `bound` and the next counter. Blocks past the last whole multiple are skipped."""
    limit = _SPACE - _SPACE % bound
    while True:
        block = int.from_bytes(sha256(seed + b"object" + counter.to_bytes(8, "big")).digest(), "big")
        counter += 1
        if block < limit:
            return block % bound, counter


def _inspectors(seed: bytes, item: str, inputs: Inputs, loads: Mapping[str, int]) -> list[str]:
    """Expertise first, then departments, then number; each time the first in the order of load and lot."""
    if not inputs.can_inspect(item):
        raise ValueError("an object has too few inspectors that may inspect it")

    def order(inspector: str) -> tuple[int, bytes]:
        lot = sha256(seed + b"inspector" + item.encode() + b"\x00" + inspector.encode()).digest()
        return loads[inspector], lot

    waiting = sorted(inputs.eligible(item), key=order)
    chosen: list[str] = []
    for skill in sorted(inputs.required, key=str.encode):
        if not any(inputs.knows(one, skill) for one in chosen):
            chosen.append(next(one for one in waiting if inputs.knows(one, skill)))
    while len(there := {inputs.departments.get(one) for one in chosen}) < inputs.min_departments:
        chosen.append(next(one for one in waiting if inputs.departments.get(one) not in there))
    lacking = max(0, inputs.inspectors_per_object - len(chosen))
    return chosen + [one for one in waiting if one not in chosen][:lacking]
