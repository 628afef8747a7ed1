"""Pure scoring: the format of cards, the engine, the ways to a better grade. No I/O, no clock."""

from .engine import Band, Contribution, Score, ScoredSubject, StandingVeto, score
from .paths import Path, Step, find_paths
from .scorecard import Scorecard

__all__ = [
    "Band",
    "Contribution",
    "Path",
    "Score",
    "Scorecard",
    "ScoredSubject",
    "StandingVeto",
    "Step",
    "find_paths",
    "score",
]
