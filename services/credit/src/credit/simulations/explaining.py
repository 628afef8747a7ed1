"""Why one subject's result differs between two cards: rules that give other points, parts that changed."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from common.problems import Text

from credit.scoring.rules import Score, Scorecard
from credit.scoring.rules.grades import Band
from credit.scoring.rules.points import Bounds, Dimension

__all__ = ["PartDifference", "RuleDifference", "changed_parts", "explained", "explanation"]


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """A rule that gives other points, or a veto that stands on one side only."""

    rule: str
    before: Decimal | None
    after: Decimal | None


@dataclass(frozen=True, slots=True)
class PartDifference:
    """Another part of the card that makes a difference to this subject: which, and what it said and says."""

    part: str
    name: str
    before: str | None
    after: str | None


_PARTS = {
    "card": Text("评分卡", "card"),
    "eligibility": Text("参评条件", "eligibility"),
    "base": Text("起始分", "base"),
    "weight": Text("维度权重", "weight of dimension"),
    "dimension": Text("维度", "dimension"),
    "bounds": Text("分数上下限", "bounds"),
    "rounding": Text("取整", "rounding"),
    "band": Text("等级区间", "band"),
    "tier": Text("等级对应的监管层级", "tier of grade"),
    "veto": Text("直接定级", "veto"),
    "prerequisite": Text("前置条件", "prerequisite"),
    "other": Text("评分卡其他内容", "other content of the card"),
}
_UNEXPLAINING = {"id", "version", "effective_from", "effective_to", "region", "status", "legal_basis", "name"}


def explained(before: Score | None, after: Score) -> list[RuleDifference]:
    """The rules whose points differ between two scores of one subject, and the vetoes of one side, by id.

    None stands for a rule that no fact counts under; a veto has no points, it is 1 where it stands.
    """
    was, is_now = _by_rule(before), _by_rule(after)
    return [
        RuleDifference(rule, was.get(rule), is_now.get(rule))
        for rule in sorted({*was, *is_now})
        if was.get(rule) != is_now.get(rule)
    ]


def changed_parts(before: Score | None, after: Score) -> list[PartDifference]:
    """What beside the points of rules makes the difference between two scores of one subject.

    Of what the two cards say differently only that which this subject meets: the edge of a band that one of
    its scores crosses, a bound that one of them lies on. Where result and cards differ and nothing else tells
    why, the changed fields of the card are named.
    """
    if before is None:
        return [PartDifference("card", after.card.id, None, after.card.version)]
    found = [*_state(before, after), *_reckoning(before, after), *_grading(before, after)]
    if not found and _result(before) != _result(after) and not explained(before, after):
        found = list(_fields(before.card, after.card))
    return found


def explanation(rules: list[RuleDifference], parts: list[PartDifference]) -> Text:
    """All differences in one line."""
    zh = [f"{one.rule}：{_points(one.before)} → {_points(one.after)}" for one in rules]
    en = [f"{one.rule}: {_points(one.before)} → {_points(one.after)}" for one in rules]
    for part in parts:
        name = f" {part.name}" if part.name else ""
        change = f"{part.before or '—'} → {part.after or '—'}"
        zh.append(f"{_PARTS[part.part].zh}{name}：{change}")
        en.append(f"{_PARTS[part.part].en}{name}: {change}")
    return Text("；".join(zh), "; ".join(en))


def _result(score: Score) -> tuple[str, Decimal | None, str | None, str | None]:
    return score.state, score.value, score.grade, score.tier


def _by_rule(score: Score | None) -> dict[str, Decimal]:
    points: dict[str, Decimal] = {}
    if score is not None:
        for item in score.standing.contributions:
            points[item.rule.id] = points.get(item.rule.id, Decimal(0)) + item.points
        for veto in score.standing.vetoes:
            points[veto.rule.id] = Decimal(1)
    return points


def _state(before: Score, after: Score) -> Iterator[PartDifference]:
    """Who can be rated at all."""
    was, is_now = before.standing.because, after.standing.because
    if (was and was.id) != (is_now and is_now.id):
        for one, old, new in ((was, "not_eligible", after.state), (is_now, before.state, "not_eligible")):
            if one is not None:
                yield PartDifference("eligibility", one.id, old, new)
    if "no_card" in (before.state, after.state) and before.state != after.state:
        yield PartDifference("card", after.card.id, before.card.version, after.card.version)


def _reckoning(before: Score, after: Score) -> Iterator[PartDifference]:
    """From points to the score."""
    old, new = before.card, after.card
    if not (before.rated and after.rated) and before.state == after.state:
        return
    if old.base != new.base:
        yield PartDifference("base", "", _number(old.base), _number(new.base))
    dimensions = {one.id: one for one in old.dimensions}, {one.id: one for one in new.dimensions}
    for name in dict.fromkeys([*dimensions[0], *dimensions[1]]):
        yield from _dimension(name, dimensions[0].get(name), dimensions[1].get(name))
    held = {rule.id: rule.dimension for rule in old.rules}
    for name, dimension in {one.rule.id: one.rule.dimension for one in after.standing.contributions}.items():
        if held.get(name, dimension) != dimension:
            yield PartDifference("dimension", name, held[name], dimension)
    if old.bounds != new.bounds and (_at(old.bounds, before.value) or _at(new.bounds, after.value)):
        yield PartDifference("bounds", "", _range(old.bounds), _range(new.bounds))
    if before.value != after.value:
        was, is_now = (f"{card.decimals} {card.readings.rounding}" for card in (old, new))
        if was != is_now:
            yield PartDifference("rounding", "", was, is_now)


def _dimension(name: str, old: Dimension | None, new: Dimension | None) -> Iterator[PartDifference]:
    if old is None or new is None:
        was, is_now = (None if one is None else _range(one.bounds) for one in (old, new))
        yield PartDifference("dimension", name, was, is_now)
        return
    if old.base != new.base:
        yield PartDifference("base", name, _number(old.base), _number(new.base))
    if old.weight != new.weight:
        yield PartDifference("weight", name, _number(old.weight), _number(new.weight))
    if old.bounds != new.bounds:
        yield PartDifference("bounds", name, _range(old.bounds), _range(new.bounds))


def _grading(before: Score, after: Score) -> Iterator[PartDifference]:
    """From the score to grade and tier."""
    old, new = before.card, after.card
    met: set[str | None] = set()
    for value in (before.value, after.value):
        if value is not None and _grade_at(old, value) != _grade_at(new, value):
            met |= {_grade_at(old, value), _grade_at(new, value)}
    bands = {band.grade: band for band in old.bands}, {band.grade: band for band in new.bands}
    for grade in [one for one in dict.fromkeys([*old.grades, *new.grades]) if one in met]:
        was, is_now = (_edges(held.get(grade)) for held in bands)
        if was != is_now:
            yield PartDifference("band", grade, was, is_now)
    if before.grade == after.grade and before.tier != after.tier:
        yield PartDifference("tier", after.grade or "", before.tier, after.tier)
    vetoes = {one.rule.id: one.rule for one in before.standing.vetoes}
    for rule in {one.rule.id: one.rule for one in after.standing.vetoes}.values():
        held = vetoes.get(rule.id)
        if held is not None and (held.effect, held.grade, held.steps) != (
            rule.effect,
            rule.grade,
            rule.steps,
        ):
            yield PartDifference("veto", rule.id, held.grade or held.effect, rule.grade or rule.effect)
    lowered = (
        {one.rule.id: one.to for one in before.standing.lowered},
        {one.rule.id: one.to for one in after.standing.lowered},
    )
    for name in dict.fromkeys([*lowered[0], *lowered[1]]):
        if lowered[0].get(name) != lowered[1].get(name):
            yield PartDifference("prerequisite", name, lowered[0].get(name), lowered[1].get(name))


def _fields(old: Scorecard, new: Scorecard) -> Iterator[PartDifference]:
    names = [
        name
        for name in type(new).model_fields
        if name not in _UNEXPLAINING and getattr(old, name) != getattr(new, name)
    ]
    yield PartDifference("other", ", ".join(names), old.version, new.version)


def _grade_at(card: Scorecard, value: Decimal) -> str | None:
    """The grade that a card gives for a score, be it another card's: inside its bounds, on its grid."""
    at = card.clamp(value).quantize(card.quantum)
    return next((band.grade for band in card.ranged if band.holds(at)), None)


def _edges(band: Band | None) -> str | None:
    if band is None:
        return None
    if band.direct:
        return "direct"
    low = "(-∞" if band.min is None else f"{'[' if band.min_inclusive else '('}{_number(band.min)}"
    high = "∞)" if band.max is None else f"{_number(band.max)}{']' if band.max_inclusive else ')'}"
    return f"{low}, {high}"


def _range(bounds: Bounds) -> str:
    low, high = ("" if edge is None else _number(edge) for edge in (bounds.min, bounds.max))
    return f"{low}–{high}"


def _at(bounds: Bounds, value: Decimal | None) -> bool:
    """Whether a score lies on a bound."""
    return value is not None and value in (bounds.min, bounds.max)


def _number(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"


def _points(value: Decimal | None) -> str:
    return "—" if value is None else f"{value.normalize():f}"
