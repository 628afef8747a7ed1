"""The frozen inputs of a draw: what stands in the document, and whether it is one at all.

`tourtrust-draw-inputs/1` belongs to `weighted-draw/1`; documents of that form are made no more, and verify
for ever. Form 2 adds strata, expertise, departments, the plan's task, and a hash of each list, so that
whoever finds a changed list can say which.
"""

from typing import Any

from common.ledger.errors import Reason, Refused
from common.ledger.strict import hash_document
from common.problems import Text

from .algorithm import ALGORITHM, FIRST_ALGORITHM, Inputs, Stratum

__all__ = ["INPUTS_FORMAT", "LISTS", "Unfit", "check_frozen", "inputs_of", "share"]

INPUTS_FORMAT = "tourtrust-draw-inputs/2"
LISTS = ("objects", "inspectors", "recusals", "exclusions")
_FIRST_FORMAT = "tourtrust-draw-inputs/1"
_ALGORITHMS = {_FIRST_FORMAT: FIRST_ALGORITHM, INPUTS_FORMAT: ALGORITHM}
_FIRST_FIELDS = frozenset(
    {
        "format",
        "draw_id",
        "number",
        "purpose",
        "region",
        "algorithm",
        "policy",
        "officers",
        "count",
        "inspectors_per_object",
        "objects",
        "inspectors",
        "recusals",
        "exclusions",
        "redraw_of",
        "created_at",
    }
)
_MORE_FIELDS = frozenset({"strata", "min_departments", "expertise", "task", "digests"})
_SHAPES = {
    "objects": {"id", "key", "tier", "weight"},
    "inspectors": {"id", "department"},
    "recusals": {"inspector", "object", "reason"},
    "exclusions": {"object", "reason"},
}
_MORE_SHAPES = {
    "objects": {"id", "key", "tier", "weight", "stratum"},
    "inspectors": {"id", "department", "expertise"},
    "strata": {"id", "ratio_bp", "objects", "weight", "count"},
}


class Unfit(Exception):
    """Something in a bundle contradicts something else in it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = Text(zh, en)


def share(objects: int, ratio_bp: int) -> int:
    """How many of `objects` a ratio in basis points asks for, rounded up."""
    return -(-objects * ratio_bp // 10_000)


def inputs_of(frozen: dict[str, Any]) -> Inputs:
    """The algorithm's inputs inside a frozen document."""
    inspectors, objects = frozen["inspectors"], frozen["objects"]
    return Inputs(
        weights={item["id"]: item["weight"] for item in objects},
        inspectors=tuple(one["id"] for one in inspectors),
        recusals=frozenset((item["inspector"], item["object"]) for item in frozen["recusals"]),
        count=frozen["count"],
        inspectors_per_object=frozen["inspectors_per_object"],
        strata=tuple(
            Stratum(
                one["id"],
                frozenset(item["id"] for item in objects if item["stratum"] == one["id"]),
                one["count"],
            )
            for one in frozen.get("strata", ())
        ),
        departments={one["id"]: one["department"] for one in inspectors},
        expertise={one["id"]: frozenset(one.get("expertise", ())) for one in inspectors},
        required=tuple(frozen.get("expertise", ())),
        min_departments=frozen.get("min_departments", 1),
    )


def check_frozen(frozen: dict[str, Any]) -> None:
    """Refuse a document that is no frozen input of a known form, or contradicts itself.

    Raises:
        Refused, Unfit: with the reason.
    """
    form = frozen["format"]
    if form not in _ALGORITHMS:
        raise Refused(Reason.WRONG_SHAPE, "frozen")
    first = form == _FIRST_FORMAT
    if frozen.keys() != (_FIRST_FIELDS if first else _FIRST_FIELDS | _MORE_FIELDS):
        raise Refused(Reason.WRONG_SHAPE, "frozen")
    if frozen["algorithm"] != _ALGORITHMS[form]:
        raise Unfit("不认识的抽取算法", "the algorithm is not known")
    for name, shape in (_SHAPES if first else _SHAPES | _MORE_SHAPES).items():
        if any(item.keys() != shape for item in frozen[name]):
            raise Refused(Reason.WRONG_SHAPE, name)
    for name, least in (("officers", 2), ("objects", 1), ("inspectors", 2)):
        listed = frozen[name] if name == "officers" else [item["id"] for item in frozen[name]]
        if len(listed) < least or len(set(listed)) != len(listed):
            raise Unfit(f"{name} 数量不足或重复", f"{name}: too few, or one stands twice")
    if frozen["inspectors_per_object"] < 2:
        raise Unfit("每个对象的检查人员少于两人", "fewer than two inspectors for an object")
    if not first:
        _check_lists(frozen)
        _check_strata(frozen)


def _check_lists(frozen: dict[str, Any]) -> None:
    if frozen["digests"].keys() != set(LISTS):
        raise Refused(Reason.WRONG_SHAPE, "digests")
    for name in LISTS:
        if hash_document(frozen[name]).hex() != frozen["digests"][name]:
            raise Unfit(f"{name} 不是冻结时的名单", f"the {name} are not those that were frozen")


def _check_strata(frozen: dict[str, Any]) -> None:
    """Every object lies in a stratum of its weight, and each stratum draws what its ratio asks for."""
    strata = {one["id"]: one for one in frozen["strata"]}
    if len(strata) != len(frozen["strata"]) or any(
        item["stratum"] not in strata for item in frozen["objects"]
    ):
        raise Unfit("分层重复或对象不属于任何分层", "a stratum stands twice, or an object lies in none")
    for one in strata.values():
        inside = [item for item in frozen["objects"] if item["stratum"] == one["id"]]
        if len(inside) != one["objects"]:
            raise Unfit("分层对象数不符", "a stratum has not the objects it says")
        if one["weight"] is not None and any(item["weight"] != one["weight"] for item in inside):
            raise Unfit("对象权重与其分层不符", "an object has not the weight of its stratum")
        if one["ratio_bp"] is not None and one["count"] != share(len(inside), one["ratio_bp"]):
            raise Unfit("抽取数与比例不符", "a stratum does not draw what its ratio asks for")
    if sum(one["count"] for one in strata.values()) != frozen["count"]:
        raise Unfit("抽取数与各层之和不符", "the count is not the sum of the strata")
