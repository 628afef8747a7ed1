"""How two distributions over grades and scores are compared."""

import math
from collections.abc import Mapping
from decimal import Decimal

__all__ = ["kolmogorov_smirnov", "mean", "population_stability"]

_FLOOR = 0.0001


def population_stability(before: Mapping[str, int], after: Mapping[str, int]) -> float | None:
    """The population stability index over grades: below 0.1 stable, above 0.25 another population.

    A grade that nobody has counts as a share of 1/10000. None when one side is empty.
    """
    old, new = sum(before.values()), sum(after.values())
    if not old or not new:
        return None
    index = 0.0
    for grade in sorted({*before, *after}):
        was = max(before.get(grade, 0) / old, _FLOOR)
        is_now = max(after.get(grade, 0) / new, _FLOOR)
        index += (is_now - was) * math.log(is_now / was)
    return round(index, 6)


def kolmogorov_smirnov(before: Mapping[Decimal, int], after: Mapping[Decimal, int]) -> float | None:
    """The largest distance between the two cumulated distributions of scores, between 0 and 1."""
    old, new = sum(before.values()), sum(after.values())
    if not old or not new:
        return None
    distance = seen_before = seen_after = 0.0
    for score in sorted({*before, *after}):
        seen_before += before.get(score, 0) / old
        seen_after += after.get(score, 0) / new
        distance = max(distance, abs(seen_before - seen_after))
    return round(distance, 6)


def mean(scores: Mapping[Decimal, int]) -> float | None:
    """The mean of counted scores."""
    total = sum(scores.values())
    return round(float(sum(score * count for score, count in scores.items()) / total), 4) if total else None
