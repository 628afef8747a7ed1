"""The life of a run, and how large its chunks are."""

import math
from collections.abc import Collection
from enum import StrEnum

__all__ = [
    "ACTIVE",
    "Method",
    "Purpose",
    "RunState",
    "first_size",
    "next_size",
    "remaining_seconds",
]

_SMALLEST, _LARGEST = 50, 20_000
_TARGET_SECONDS = 0.8


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


def first_size(methods: Collection[Method]) -> int:
    """How many subjects the first chunk takes, before there is a pace: about a tenth of a second in sets."""
    return min(_LARGEST, 500 if Method.ENGINE in methods else 4_000)


def next_size(size: int, seconds: float) -> int:
    """How many subjects the next chunk takes, so that it lasts less than a second."""
    factor = min(4.0, max(0.2, _TARGET_SECONDS / max(seconds, 0.001)))
    return min(_LARGEST, max(_SMALLEST, int(size * factor)))


def remaining_seconds(done: int, total: int, worked_ms: int) -> int | None:
    """The time still needed at the pace so far; None before there is a pace."""
    return None if done == 0 else math.ceil((total - done) * worked_ms / done / 1000)
