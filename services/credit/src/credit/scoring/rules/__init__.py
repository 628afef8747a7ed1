"""Pure scoring: the format of cards, the engine, the ways to a better grade. No I/O, no clock."""

from .engine import Band, Contribution, Score, ScoredSubject, StandingVeto, score
from .format import CardError
from .lawful import Repairable
from .paths import Path, Step, find_paths
from .scorecard import Scorecard
from .spans import readable

__all__ = [
    "Band",
    "CardError",
    "Contribution",
    "Path",
    "Repairable",
    "Score",
    "Scorecard",
    "ScoredSubject",
    "StandingVeto",
    "Step",
    "find_paths",
    "readable",
    "score",
]
