"""Pure rules of the draw: the algorithm, and the bundle that lets a stranger check it offline."""

from .algorithm import ALGORITHM, Inputs, Pick, commitment_of, draw, seed_of
from .bundle import FORMAT, LOG_COMMITTED, LOG_FROZEN, Verdict, log_id, seal_bundle, verify_draw

__all__ = [
    "ALGORITHM",
    "FORMAT",
    "LOG_COMMITTED",
    "LOG_FROZEN",
    "Inputs",
    "Pick",
    "Verdict",
    "commitment_of",
    "draw",
    "log_id",
    "seal_bundle",
    "seed_of",
    "verify_draw",
]
