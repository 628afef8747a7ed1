"""From objects with tiers to the strata of a draw: whose ratio is which, and how many that makes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from credit.draws.rules import share

from .policy import InspectionItem
from .rules import Cap, capped_ratio

__all__ = ["ALL", "UNRATED", "Layer", "Sampled", "layers_by_tier", "one_layer", "strata_of"]

ALL = "all"
UNRATED = "unrated"
Sampled = tuple[str | None, int]
"""The tier of an object and its sampling ratio in basis points."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A stratum before the draw. `weight` is that of each of its objects; None where they differ."""

    id: str
    ratio_bp: int | None
    weight: int | None
    objects: int
    count: int


def strata_of(sampled: Iterable[Sampled]) -> dict[Sampled, str]:
    """The stratum of each tier and ratio: called by the tier, and by the ratio too where a tier has several.

    A tier has several ratios where the cards of different kinds or places say so.
    """
    pairs = set(sampled)
    ratios = Counter(tier for tier, _ in pairs)
    return {(tier, bp): (tier or UNRATED) + (f"-{bp}" if ratios[tier] > 1 else "") for tier, bp in pairs}


def layers_by_tier(
    sampled: Sequence[Sampled], items: Sequence[InspectionItem], above_cap: frozenset[str]
) -> list[Layer]:
    """A stratum for each tier and ratio there is: the ratio under the caps of the items, rounded up."""
    caps = [Cap(item.code, item.max_ratio_bp) for item in items]
    names, layers = strata_of(sampled), []
    for (tier, of_tier), objects in Counter(sampled).items():
        ratio = capped_ratio(of_tier, tier, caps, above_cap)
        weight = max(1, of_tier)
        layers.append(Layer(names[tier, of_tier], ratio, weight, objects, share(objects, ratio)))
    return sorted(layers, key=lambda one: one.id.encode())


def one_layer(objects: int, *, ratio_bp: int | None = None, count: int | None = None) -> list[Layer]:
    """One stratum of all objects, drawn by a ratio or by a number, each object by its own weight."""
    drawn = share(objects, ratio_bp) if ratio_bp is not None else count or 0
    return [Layer(ALL, ratio_bp, None, objects, drawn)]
