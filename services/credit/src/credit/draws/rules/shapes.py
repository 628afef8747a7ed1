"""The form of every field of a bundle; a bundle that has another field, or one of another form, is refused.

A shape is a pattern for a whole text, `NUMBER` for a whole number from 0, `COUNT` for one from 1, None, a
tuple of alternatives, a list of one shape for every element, or a dictionary that names every field there is.
"""

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["BUNDLE", "FORMAT", "FROZEN", "INPUTS_FORMAT", "SEAL", "Shape", "fits"]

FORMAT = "tourtrust-draw/3"
INPUTS_FORMAT = "tourtrust-draw-inputs/3"

Shape = Any
_MAX_NUMBER = 10**15
NUMBER, COUNT = int, bool
TEXT = "(?s).+"
HEX = "[0-9a-f]{64}"
UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
INSTANT = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z"
BASE64 = "[A-Za-z0-9+/]"
COSIGNATURE = f"— [!#-*,-[\\]-~]+ {BASE64}{{101}}[AQgw]==\n"
SIGNATURE = f"{BASE64}{{90}}[AEIMQUYcgkosw048]="

FROZEN: Shape = {
    "format": INPUTS_FORMAT,
    "algorithm": "weighted-draw/2",
    "draw_id": UUID,
    "number": "DRAW-[0-9]{4}-[0-9]{6,9}",
    "purpose": TEXT,
    "region": "[0-9]{6}",
    "kinds": [TEXT],
    "tiers": [TEXT],
    "policy": {"id": TEXT, "version": TEXT, "hash": HEX},
    "task": {"plan": (None, TEXT), "plan_version": (None, NUMBER), "no": (None, TEXT), "items": [TEXT]},
    "officers": [TEXT],
    "count": COUNT,
    "strata": [
        {
            "id": TEXT,
            "ratio_bp": (None, NUMBER),
            "objects": NUMBER,
            "weight": (None, NUMBER),
            "count": NUMBER,
        }
    ],
    "inspectors_per_object": NUMBER,
    "min_departments": COUNT,
    "expertise": [TEXT],
    "objects": [{"id": UUID, "key": (None, TEXT), "tier": (None, TEXT), "stratum": TEXT, "weight": COUNT}],
    "inspectors": [{"id": TEXT, "department": (None, TEXT), "expertise": [TEXT]}],
    "recusals": [
        {"inspector": TEXT, "object": UUID, "reason": TEXT, "by": TEXT, "source": "library|request"}
    ],
    "exclusions": [{"object": UUID, "reason": TEXT, "by": (None, TEXT)}],
    "by_hand": {
        "inspectors": NUMBER,
        "recused": NUMBER,
        "recused_bp": NUMBER,
        "excluded": NUMBER,
        "excluded_bp": NUMBER,
    },
    "frozen_by": TEXT,
    "redraw_of": (None, UUID),
    "created_at": INSTANT,
    "commit_by": INSTANT,
    "seal_by": INSTANT,
    "reveal_by": INSTANT,
    "digests": {"objects": HEX, "inspectors": HEX, "recusals": HEX, "exclusions": HEX},
}
PROOFS: Shape = [{"salt": HEX, "leaf_index": NUMBER, "inclusion_proof": [HEX]}]
SEAL: Shape = {"checkpoint": TEXT, "cosignature": COSIGNATURE, "proofs": PROOFS}
BUNDLE: Shape = {
    "format": FORMAT,
    "frozen": FROZEN,
    "commitments": [{"officer": TEXT, "commitment": HEX}],
    "reveals": [{"officer": TEXT, "secret": HEX}],
    "outcome": "drawn|void",
    "cause": (None, "not_(committed|sealed|revealed)"),
    "missing": [TEXT],
    "checkpoint": TEXT,
    "cosignature": COSIGNATURE,
    "proofs": PROOFS,
    "seal": (None, SEAL),
    "seed": (None, HEX),
    "result": [{"object": UUID, "inspectors": [TEXT]}],
    "closed_at": INSTANT,
    "signature": SIGNATURE,
}


def fits(value: Any, shape: Shape) -> bool:
    """Whether a value has exactly this shape."""
    if isinstance(shape, Mapping):
        named = type(value) is dict and value.keys() == shape.keys()
        return named and all(fits(value[name], part) for name, part in shape.items())
    if isinstance(shape, list):
        return type(value) is list and all(fits(one, shape[0]) for one in value)
    if isinstance(shape, tuple):
        return any(fits(value, one) for one in shape)
    if shape in (NUMBER, COUNT):
        return type(value) is int and (shape is COUNT) <= value < _MAX_NUMBER
    if shape is None:
        return value is None
    return type(value) is str and re.fullmatch(shape, value) is not None
