"""The frozen inputs of a draw: what they say to the algorithm, and whether they make a draw at all.

`tourtrust-draw-inputs/3` names every list with a hash of its own, so that whoever finds a changed list can
say which, and says who kept whom apart, and how far that goes. The forms before it bound too little and are
read no more.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from common.ledger.strict import hash_document
from common.problems import Text

from .algorithm import Inputs, Stratum

__all__ = ["LISTS", "Unfit", "allowed_by_hand", "by_hand", "check_frozen", "inputs_of", "most_drawn", "share"]

LISTS = ("objects", "inspectors", "recusals", "exclusions")
_MOST_DRAWN, _MOST_LOTS, _MOST_STEPS = 2_000, 1_000_000, 300_000_000


class Unfit(Exception):
    """Something in a bundle contradicts something else in it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = Text(zh, en)


def need(holds: bool, zh: str, en: str) -> None:
    """Refuse with the reason unless it holds."""
    if not holds:
        raise Unfit(zh, en)


def share(objects: int, ratio_bp: int) -> int:
    """How many of `objects` a ratio in basis points asks for, rounded up."""
    return -(-objects * ratio_bp // 10_000)


def by_hand(frozen: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """What people kept apart, as (how much, of how much): the most inspectors recused for one object, of all
    inspectors; the objects excluded by somebody and not by the records, of all there would be."""
    pairs = {(one["inspector"], one["object"]) for one in frozen["recusals"]}
    recused = max(Counter(item for _, item in pairs).values(), default=0)
    excluded = sum(one["by"] is not None for one in frozen["exclusions"])
    return {
        "recused": (recused, len(frozen["inspectors"])),
        "excluded": (excluded, len(frozen["objects"]) + excluded),
    }


def allowed_by_hand(whole: int, share_bp: int) -> int:
    """How many of `whole` people may keep apart: that share, rounded down, but one at any rate."""
    return max(1, whole * share_bp // 10_000)


def most_drawn(objects: int, inspectors: int) -> int:
    """How many objects one draw may take, so that it takes seconds, also for a script that walks the list."""
    return min(_MOST_DRAWN, _MOST_LOTS // inspectors, _MOST_STEPS // objects)


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
            for one in frozen["strata"]
        ),
        departments={one["id"]: one["department"] for one in inspectors},
        expertise={one["id"]: frozenset(one["expertise"]) for one in inspectors},
        required=tuple(frozen["expertise"]),
        min_departments=frozen["min_departments"],
    )


def check_frozen(frozen: dict[str, Any]) -> None:
    """Refuse inputs of the right shape that contradict themselves, or of which no lawful draw can be made.

    Raises:
        Unfit: with the reason.
    """
    for name, least in (("officers", 2), ("objects", 1), ("inspectors", 2), ("strata", 1)):
        listed = frozen[name] if name == "officers" else [item["id"] for item in frozen[name]]
        need(
            len(set(listed)) == len(listed) >= least,
            f"{name} 数量不足或重复",
            f"{name}: too few, or one stands twice",
        )
    # Two is the law's (Administrative Penalty Law, art. 42); whoever checks a bundle has no policy at hand.
    need(
        frozen["inspectors_per_object"] >= 2,
        "每个对象的检查人员少于两人",
        "fewer than two inspectors for an object",
    )
    times = [frozen[name] for name in ("created_at", "commit_by", "seal_by", "reveal_by")]
    need(sorted(set(times)) == times, "时间先后不符", "the times do not follow one another")
    _check_strata(frozen)
    for name in LISTS:
        need(
            hash_document(frozen[name]).hex() == frozen["digests"][name],
            f"{name} 不是冻结时的名单",
            f"the {name} are not those that were frozen",
        )
    excluded = {item["object"] for item in frozen["exclusions"]}
    need(
        not any(item["id"] in excluded for item in frozen["objects"]),
        "已排除的对象仍在名单中",
        "an excluded object is among the objects",
    )
    _check_by_hand(frozen)
    inputs = inputs_of(frozen)
    recused = {item for _, item in inputs.recusals if item in inputs.weights}
    need(
        replace(inputs, recusals=frozenset()).can_inspect("") and all(map(inputs.can_inspect, recused)),
        "对象可用的检查人员不足",
        "an object has too few inspectors that may inspect it",
    )


def _check_by_hand(frozen: dict[str, Any]) -> None:
    """What was kept apart by people is told in numbers, and is within what the policy allows."""
    hand = frozen["by_hand"]
    for name, (found, whole) in by_hand(frozen).items():
        need(
            hand[name] == found <= allowed_by_hand(whole, hand[f"{name}_bp"]),
            f"人工增减（{name}）数目不符或超过规定比例",
            f"{name} by hand: the number is wrong, or more than is allowed",
        )


def _check_strata(frozen: dict[str, Any]) -> None:
    """Every object lies in a stratum of its weight, and each stratum draws what its ratio asks for."""
    inside: dict[str, list[int]] = {one["id"]: [] for one in frozen["strata"]}
    for item in frozen["objects"]:
        need(item["stratum"] in inside, "对象不属于任何分层", "an object lies in no stratum")
        inside[item["stratum"]].append(item["weight"])
    for one in frozen["strata"]:
        weights = inside[one["id"]]
        need(
            one["objects"] == len(weights) >= one["count"],
            "分层对象数不符",
            "the objects are not those of the strata",
        )
        need(
            one["weight"] is None or set(weights) <= {one["weight"]},
            "对象权重与其分层不符",
            "a weight is not that of its stratum",
        )
        need(
            one["ratio_bp"] is None or one["count"] == share(len(weights), one["ratio_bp"]),
            "抽取数与比例不符",
            "a stratum does not draw what its ratio asks for",
        )
    need(
        frozen["count"] == sum(one["count"] for one in frozen["strata"]),
        "抽取数与各层之和不符",
        "the count is not that of the strata",
    )
