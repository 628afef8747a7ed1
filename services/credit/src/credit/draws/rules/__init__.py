"""Pure rules of the draw: the algorithm, and the bundle that lets a stranger check it offline."""

from .algorithm import ALGORITHM, Inputs, Pick, Stratum, commitment_of, draw, seed_of
from .bundle import (
    FORMAT,
    LOG_REVEALED,
    LOG_VOID,
    Verdict,
    commitment_document,
    reveal_document,
    seal_bundle,
    verify_draw,
    void_document,
)
from .inputs import check_frozen, inputs_of, share
from .logged import LOG_COMMITTED, LOG_FROZEN, cosigned_in_time, log_id
from .seal import SealedDraw, check_seal
from .shapes import INPUTS_FORMAT

__all__ = [
    "ALGORITHM",
    "FORMAT",
    "INPUTS_FORMAT",
    "LOG_COMMITTED",
    "LOG_FROZEN",
    "LOG_REVEALED",
    "LOG_VOID",
    "Inputs",
    "Pick",
    "SealedDraw",
    "Stratum",
    "Verdict",
    "check_frozen",
    "check_seal",
    "commitment_document",
    "commitment_of",
    "cosigned_in_time",
    "draw",
    "inputs_of",
    "log_id",
    "reveal_document",
    "seal_bundle",
    "seed_of",
    "share",
    "verify_draw",
    "void_document",
]
