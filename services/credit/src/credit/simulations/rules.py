"""How two distributions over grades and scores are compared, and why one subject's score differs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from credit.scoring.rules import Score

__all__ = ["RuleDifference", "explained", "kolmogorov_smirnov", "mean", "population_stability"]

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


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """A rule that gives other points, or a veto that stands on one side only."""

    rule: str
    before: Decimal | None
    after: Decimal | None


def explained(before: Score | None, after: Score) -> list[RuleDifference]:
    """The rules whose points differ between two scores of one subject, and the vetoes of one side, by id.

    None stands for a rule that no fact counts under; a veto has no points, it is 1 where it stands.
    """
    was, is_now = _by_rule(before), _by_rule(after)
    return [
        RuleDifference(rule, was.get(rule), is_now.get(rule))
        for rule in sorted({*was, *is_now})
        if was.get(rule) != is_now.get(rule)
    ]


def _by_rule(score: Score | None) -> dict[str, Decimal]:
    points: dict[str, Decimal] = {}
    if score is not None:
        for item in score.standing.contributions:
            points[item.rule.id] = points.get(item.rule.id, Decimal(0)) + item.points
        for veto in score.standing.vetoes:
            points[veto.rule.id] = Decimal(1)
    return points
