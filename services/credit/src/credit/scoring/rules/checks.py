"""Whether the parts of a card fit each other: names, ranges, sides of zero, conditions."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from common.policies import Condition, PolicyError

from credit.subjects.rules import Kind

from .figures import AFTER_SCORE, SUBJECT_NAMES
from .format import CardError, compiled

if TYPE_CHECKING:
    from .scorecard import Scorecard

__all__ = ["check_card"]

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,47}$")
_EQUALS_TEXT = re.compile(r"""([A-Za-z_]\w*)\s*[!=]=\s*["']|["']\s*[!=]=\s*([A-Za-z_]\w*)""")
_DIMENSION = re.compile(r"\bdimensions\.([A-Za-z_]\w*)")


def check_card(card: "Scorecard") -> dict[str, Condition]:
    """The card's conditions, compiled. Raises CardError at the first thing that does not fit."""
    _check_ids(card)
    _check_kinds(card)
    _check_closing(card)
    _check_dimensions(card)
    _check_limits(card)
    _check_periods(card)
    _check_bands(card)
    _check_grades(card)
    if card.status != "sample" and not card.legal_basis:
        raise CardError(
            "状态不是 sample 的评分卡须写 legal_basis",
            "a card that is not a sample must give its legal_basis",
        )
    return _compile(card)


def _check_ids(card: "Scorecard") -> None:
    parts = (card.rules, card.vetoes, card.prerequisites, card.actions, card.eligibility)
    ids = [part.id for group in parts for part in group]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise CardError(f"规则编号重复：{', '.join(twice)}", f"rule ids must differ: {', '.join(twice)}")
    for name, found in (
        ("dimensions", [d.id for d in card.dimensions]),
        ("groups", [g.id for g in card.groups]),
        ("bands", [b.grade for b in card.bands]),
    ):
        if len(set(found)) != len(found):
            raise CardError(f"{name} 中有重复的名称", f"{name}: the same name stands twice")
    for name in card.figures:
        if not _NAME.match(name) or name in SUBJECT_NAMES | AFTER_SCORE:
            raise CardError(
                f"figures.{name}：名称须为字母、数字、下划线，且不得为保留名称",
                f"figures.{name}: a name is letters, digits and underscores, and none of "
                f"{', '.join(sorted(SUBJECT_NAMES | AFTER_SCORE))}",
            )


def _check_kinds(card: "Scorecard") -> None:
    if unknown := [kind for kind in card.kinds if kind not in set(Kind)]:
        raise CardError(
            f"kinds：没有此主体类别：{', '.join(unknown)}；可用：{', '.join(Kind)}",
            f"kinds: unknown kind {', '.join(unknown)}; known: {', '.join(Kind)}",
        )


def _check_closing(card: "Scorecard") -> None:
    """A fact that closes itself would never count."""
    windows = [(rule.id, rule.codes, rule.window) for rule in card.rules]
    windows += [(veto.id, veto.codes, veto.window) for veto in card.vetoes]
    windows += [(name, figure.codes, figure.window) for name, figure in card.figures.items()]
    for name, codes, window in windows:
        if own := sorted(set(codes) & set(window.until)):
            raise CardError(
                f"{name}：until 不能写本规则自己的代码 {', '.join(own)}（该事实将永不计分）",
                f"{name}: until names the rule's own code {', '.join(own)}, so the fact would never count",
            )


def _check_dimensions(card: "Scorecard") -> None:
    known = {dimension.id for dimension in card.dimensions}
    names = ", ".join(sorted(known)) or "none"
    for rule in card.rules:
        if rule.dimension is not None and rule.dimension not in known:
            raise CardError(
                f"规则 {rule.id}：dimension 未定义：{rule.dimension}",
                f"rule {rule.id}: unknown dimension {rule.dimension}; known: {names}",
            )
    weighted = [dimension.weight is not None for dimension in card.dimensions]
    if any(weighted) and not all(weighted):
        raise CardError(
            "dimensions 要么全部写 weight，要么全部不写",
            "dimensions: give every one a weight, or none",
        )
    if not card.dimensions and "base" not in card.model_fields_set:
        raise CardError("缺少 base（起始分）", "base is missing: the score before any fact")


def _check_limits(card: "Scorecard") -> None:
    groups = {group.id: group for group in card.groups}
    for rule in card.rules:
        if rule.group is None:
            continue
        group = groups.get(rule.group)
        if group is None:
            raise CardError(
                f"规则 {rule.id}：group 未定义：{rule.group}",
                f"rule {rule.id}: unknown group {rule.group}; known: {', '.join(sorted(groups)) or 'none'}",
            )
        rule.check_cap(group.cap, f"分组 {group.id}、规则 {rule.id}", f"group {group.id}, rule {rule.id}")
    bounds = (card.bounds.min, card.bounds.max)
    if any(edge is not None and edge != edge.quantize(card.quantum) for edge in bounds):
        raise CardError("bounds 的小数位多于 decimals", "bounds: more decimal places than decimals allows")
    if not card.dimensions and card.bounds.clamp(card.base) != card.base:
        raise CardError(
            f"base（{card.base}）在 bounds 之外：起始分须在上下限之内",
            f"base {card.base} lies outside bounds: the score before any fact must be inside",
        )


def _check_periods(card: "Scorecard") -> None:
    if card.calendar is not None:
        return
    if card.extra_runs is not None:
        raise CardError("extra_runs 需要 period", "extra_runs needs a period")
    windows = [(rule.id, rule.window) for rule in card.rules]
    windows += [(veto.id, veto.window) for veto in card.vetoes]
    windows += [(name, figure.window) for name, figure in card.figures.items()]
    for name, window in windows:
        if window.end_of == "period":
            raise CardError(
                f"{name}：end_of: period 需要 period", f"{name}: end_of: period needs a card with a period"
            )


def _check_bands(card: "Scorecard") -> None:
    """Probe every edge and its neighbours on the score's own grid: exactly one band must hold each."""
    ranged = card.ranged
    if not ranged:
        raise CardError("至少一个等级须有分数区间", "at least one grade must be reached by points")
    lows = [band.min if band.min is not None else Decimal("-Infinity") for band in ranged]
    if lows not in (sorted(lows), sorted(lows, reverse=True)):
        raise CardError(
            "bands 须按从好到坏（或从坏到好）的顺序排列",
            "bands: list them in order, from best to worst or from worst to best",
        )
    quantum = card.quantum
    edges = {card.base, *(e for band in ranged for e in (band.min, band.max) if e is not None)}
    edges |= {e for e in (card.bounds.min, card.bounds.max) if e is not None}
    for edge in sorted(edges):
        for value in (edge - quantum, edge, edge + quantum):
            at = value.quantize(quantum)
            held = [band.grade for band in ranged if band.holds(at)]
            if card.clamp(at) == at and len(held) != 1:
                raise CardError(
                    f"bands 对分数 {at} " + (f"重叠：{'、'.join(held)}" if held else "没有等级（有缺口）"),
                    f"bands do not cover the score {at} exactly once: "
                    + (f"overlap of {', '.join(held)}" if held else "a gap; widen a band or set bounds"),
                )


def _check_grades(card: "Scorecard") -> None:
    grades = [band.grade for band in card.bands]
    named = [(veto.id, veto.grade) for veto in card.vetoes]
    named += [(one.id, grade) for one in card.prerequisites for grade in (one.grade, one.otherwise)]
    for name, grade in named:
        if grade is not None and grade not in grades:
            raise CardError(
                f"{name}：等级未定义：{grade}", f"{name}: unknown grade {grade}; known: {', '.join(grades)}"
            )
    for one in card.prerequisites:
        rank = card.rank(one.grade)
        if rank == len(grades) - 1 or (one.otherwise is not None and card.rank(one.otherwise) <= rank):
            raise CardError(
                f"{one.id}：不满足时的等级须低于 {one.grade}",
                f"{one.id}: what is given otherwise must be worse than {one.grade}",
            )
        if one.needed > len(one.needs):
            raise CardError(
                f"{one.id}：at_least 大于 needs 的数目", f"{one.id}: at_least is more than there are needs"
            )


def _expressions(card: "Scorecard") -> Iterator[tuple[str, str, bool]]:
    """Each condition over figures as (where, expression, whether it comes after the points)."""
    for rule in card.rules:
        if rule.if_ is not None:
            yield f"rules.{rule.id}.if", rule.if_, False
    for one in card.eligibility:
        if one.if_ is not None:
            yield f"eligibility.{one.id}.if", one.if_, False
    for veto in card.vetoes:
        if veto.if_ is not None:
            yield f"vetoes.{veto.id}.if", veto.if_, True
    for needed in card.prerequisites:
        for need in needed.needs:
            yield f"prerequisites.{needed.id}.{need.id}.if", need.if_, True
    for action in card.actions:
        yield f"actions.{action.id}.if", action.if_, True


def _compile(card: "Scorecard") -> dict[str, Condition]:
    found: dict[str, Condition] = {}
    before = SUBJECT_NAMES | card.figures.keys()
    known = {dimension.id for dimension in card.dimensions}
    for where, expression, after in _expressions(card):
        names = before | AFTER_SCORE if after else before
        found[expression] = compiled(expression, names, f"{where}: ")
        _check_texts(card, expression, where, after)
        _try_out(card, found[expression], names, where)
        if unknown := set(_DIMENSION.findall(expression)) - known:
            raise CardError(
                f"{where}：dimension 未定义：{', '.join(sorted(unknown))}",
                f"{where}: unknown dimensions {', '.join(sorted(unknown))}",
            )
    return found


def _check_texts(card: "Scorecard", expression: str, where: str, after: bool) -> None:
    """A number is never equal to a text, so a condition that compares them is a slip."""
    numbers = {*card.figures, "headcount", *({"score", "deducted", "added"} if after else ())}
    for one, other in _EQUALS_TEXT.findall(expression):
        if (name := one or other) in numbers:
            raise CardError(
                f"{where}：{name} 是数值，不能与文本比较（去掉引号）",
                f"{where}: {name} is a number and never equals a text; leave out the quotes",
            )


def _try_out(card: "Scorecard", condition: Condition, names: Iterable[str], where: str) -> None:
    """Decide the condition once on whole and once on broken numbers: what mixes types is found now."""
    whole = {name for name, figure in card.figures.items() if figure.how == "count"}
    for one in (1, Decimal("1.5")):
        values: dict[str, Any] = {name: 1 if name in whole else one for name in names}
        values |= {"kind": "", "level": "", "scope": [""], "headcount": 1}
        values["dimensions"] = {dimension.id: one for dimension in card.dimensions}
        try:
            condition.evaluate(values)
        except PolicyError as failure:
            raise CardError(
                f"{where}：{failure.reason.zh}；数值只与数值比较；score、deducted、added 等可能带小数的数"
                "参与运算时写 double(x) * 2.0（2 写作 2.0）",
                f"{where}: {failure.reason.en}; compare numbers with numbers, and reckon with numbers that"
                " may be broken (score, deducted, added, sums) as in double(x) * 2.0: write 2.0, not 2",
            ) from failure
