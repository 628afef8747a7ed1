"""Reckoning a compensation: pure sums in fen, each step with the rule and article it comes from.

Source: 旅行社服务质量赔偿标准, used by reference where the contract is silent. Half a fen goes up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from common.money import format_yuan, percent_of
from common.problems import FieldError, Text

from .policy import CompensationPolicy, CompensationRule, Part

__all__ = ["Claim", "Step", "estimate", "faults"]

KINDS = {"refund": Text("退还", "refund"), "pay": Text("赔付", "pay"), "penalty": Text("违约金", "penalty")}
BASES = {
    "total_fee_fen": Text("旅游费用总额", "total fee"),
    "prepaid_fen": Text("已付费用", "prepaid"),
    "item_cost_fen": Text("项目合理费用", "reasonable cost of the item"),
    "direct_loss_fen": Text("直接经济损失", "direct loss"),
    "difference_fen": Text("合同与实际的差额", "contract minus actual"),
    "extra_charge_fen": Text("多收费用", "extra charge"),
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One breach: its rule and the amounts (fen) and counts that the rule asks for."""

    rule: str
    amounts: Mapping[str, int]
    count: int | None = None
    days_before: int | None = None
    percent: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One sum of the estimate, in fen."""

    rule: str
    article: str
    status: str
    kind: str
    base: str
    base_fen: int
    percent: int
    count: int
    amount_fen: int
    reason: str | None

    @property
    def formula(self) -> Text:
        """The sum in words."""
        times = f" × {self.count}" if self.count != 1 else ""
        figures = f"{format_yuan(self.base_fen)} × {self.percent}%{times} = {format_yuan(self.amount_fen)}"
        return Text(
            f"{KINDS[self.kind].zh}：{BASES[self.base].zh} {figures} 元",
            f"{KINDS[self.kind].en}: {BASES[self.base].en} {figures} yuan",
        )


def faults(policy: CompensationPolicy, claims: Sequence[Claim]) -> list[FieldError]:
    """What is missing or out of bounds in the claims; empty when they can be reckoned."""
    found: list[FieldError] = []
    for place, claim in enumerate(claims):
        rule = policy.by_id.get(claim.rule)
        if rule is None:
            known = ", ".join(policy.by_id)
            found.append(
                FieldError(
                    f"/claims/{place}/rule", Text(f"没有此规则；可用：{known}", f"Unknown; known: {known}")
                )
            )
            continue
        for part in rule.parts:
            found += _part_faults(rule, part, claim, place)
    return list({fault.pointer: fault for fault in found}.values())


def _part_faults(rule: CompensationRule, part: Part, claim: Claim, place: int) -> list[FieldError]:
    wanted = []
    if part.of not in claim.amounts:
        pointer = (
            f"/{part.of}" if part.of in {"total_fee_fen", "prepaid_fen"} else f"/claims/{place}/{part.of}"
        )
        wanted.append(
            (pointer, Text(f"{rule.id} 需要{BASES[part.of].zh}", f"{rule.id} needs the {BASES[part.of].en}"))
        )
    if part.per == "count" and claim.count is None:
        wanted.append(
            (f"/claims/{place}/count", Text(f"{rule.id} 需要次数", f"{rule.id} needs the number of times"))
        )
    if part.by_days_before and claim.days_before is None:
        wanted.append(
            (
                f"/claims/{place}/days_before",
                Text(
                    f"{rule.id} 需要通知到达距出发的天数",
                    f"{rule.id} needs the days from notice to departure",
                ),
            )
        )
    if part.between is not None:
        low, high = part.between.low, part.between.high
        if claim.percent is None or not low <= claim.percent <= high:
            wanted.append(
                (
                    f"/claims/{place}/percent",
                    Text(
                        f"{rule.id} 由承办人在 {low}%至{high}% 间确定", f"{rule.id}: choose {low} to {high} %"
                    ),
                )
            )
        if not claim.reason:
            wanted.append(
                (f"/claims/{place}/reason", Text("须说明确定比例的理由", "Say why this rate was chosen"))
            )
    return [FieldError(pointer, detail) for pointer, detail in wanted]


def estimate(policy: CompensationPolicy, claims: Sequence[Claim]) -> list[Step]:
    """The steps of the estimate, in the order of the claims. Call it with claims that have no `faults`."""
    return [
        _step(policy.by_id[claim.rule], part, claim)
        for claim in claims
        for part in policy.by_id[claim.rule].parts
    ]


def _step(rule: CompensationRule, part: Part, claim: Claim) -> Step:
    count = (claim.count or 0) if part.per == "count" else 1
    percent = _rate(part, claim)
    base = claim.amounts[part.of]
    return Step(
        rule=rule.id,
        article=rule.article,
        status=rule.status,
        kind=part.kind,
        base=part.of,
        base_fen=base,
        percent=percent,
        count=count,
        amount_fen=percent_of(base * count, percent),
        reason=claim.reason if part.between is not None else None,
    )


def _rate(part: Part, claim: Claim) -> int:
    if part.percent is not None:
        return part.percent
    if part.between is not None:
        return claim.percent or part.between.low
    days = claim.days_before or 0
    return next(step.percent for step in part.by_days_before if days >= step.at_least)
