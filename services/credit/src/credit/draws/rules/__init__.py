"""Pure rules of the draw: the algorithm, and the bundle that lets a stranger check it offline."""

from .algorithm import ALGORITHM, Inputs, Pick, Stratum, commitment_of, draw, seed_of
from .bundle import FORMAT, LOG_COMMITTED, LOG_FROZEN, Verdict, log_id, seal_bundle, verify_draw
from .inputs import INPUTS_FORMAT, check_frozen, inputs_of, share

__all__ = [
    "ALGORITHM",
    "FORMAT",
    "INPUTS_FORMAT",
    "LOG_COMMITTED",
    "LOG_FROZEN",
    "Inputs",
    "Pick",
    "Stratum",
    "Verdict",
    "check_frozen",
    "commitment_of",
    "draw",
    "inputs_of",
    "log_id",
    "seal_bundle",
    "seed_of",
    "share",
    "verify_draw",
]
