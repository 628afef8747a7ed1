"""From objects with tiers to the strata of a draw: whose ratio is which, and how many that makes."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from credit.draws.rules import share
from credit.rulebook.rules import SupervisionPolicy

from .policy import InspectionItem
from .rules import Cap, capped_ratio

__all__ = ["ALL", "UNRATED", "Layer", "layers_by_tier", "one_layer"]

ALL = "all"
UNRATED = "unrated"


@dataclass(frozen=True, slots=True)
class Layer:
    """A stratum before the draw. `weight` is that of each of its objects; None where they differ."""

    id: str
    tier_bp: int | None
    ratio_bp: int | None
    weight: int | None
    objects: int
    count: int


def layers_by_tier(
    tiers: Iterable[str | None],
    supervision: SupervisionPolicy,
    items: Sequence[InspectionItem],
    above_cap: frozenset[str],
) -> list[Layer]:
    """A stratum for each tier there is: its sampling ratio under the caps of the items, rounded up."""
    sizes: dict[str | None, int] = defaultdict(int)
    for tier in tiers:
        sizes[tier] += 1
    caps = [Cap(item.code, item.max_ratio_bp) for item in items]
    layers = []
    for tier, objects in sizes.items():
        of_tier = supervision.of(tier).sampling_bp
        ratio = capped_ratio(of_tier, tier, caps, above_cap)
        layers.append(Layer(tier or UNRATED, of_tier, ratio, of_tier, objects, share(objects, ratio)))
    return sorted(layers, key=lambda one: one.id.encode())


def one_layer(objects: int, *, ratio_bp: int | None = None, count: int | None = None) -> list[Layer]:
    """One stratum of all objects, drawn by a ratio or by a number, each object by its own weight."""
    drawn = share(objects, ratio_bp) if ratio_bp is not None else count or 0
    return [Layer(ALL, None, ratio_bp, None, objects, drawn)]
