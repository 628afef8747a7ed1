"""The life of a run, how large its chunks are, and how two distributions are compared."""

import math
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

__all__ = [
    "ACTIVE",
    "Method",
    "Purpose",
    "RunState",
    "kolmogorov_smirnov",
    "mean",
    "next_size",
    "population_stability",
    "remaining_seconds",
]

_SMALLEST, _LARGEST = 50, 20_000
_TARGET_SECONDS = 0.5
_FLOOR = 0.0001


class Purpose(StrEnum):
    """What a run is for."""

    RESCORE = "rescore"
    DRY_RUN = "dry_run"
    SIMULATION = "simulation"


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


ACTIVE = (RunState.QUEUED, RunState.RUNNING)


class Method(StrEnum):
    """How subjects of a kind are scored: by the database in sets, by the engine one by one, or not at all."""

    SET = "set"
    ENGINE = "engine"
    NONE = "none"


def next_size(size: int, seconds: float) -> int:
    """How many subjects the next chunk takes, so that it lasts about half a second, never much above one."""
    factor = min(4.0, max(0.2, _TARGET_SECONDS / max(seconds, 0.001)))
    return min(_LARGEST, max(_SMALLEST, int(size * factor)))


def remaining_seconds(done: int, total: int, worked_ms: int) -> int | None:
    """The time still needed at the pace so far; None before there is a pace."""
    return None if done == 0 else math.ceil((total - done) * worked_ms / done / 1000)


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
