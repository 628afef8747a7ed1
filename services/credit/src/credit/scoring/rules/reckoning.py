"""Arithmetic of a card: the points of each fact, caps, dimensions, the total, and the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

from common.canonical import canonical

from .figures import Figure
from .periods import Calendar, label
from .points import PointRule
from .scorecard import Scorecard
from .spans import FigureSpan, Span, holds, readable

__all__ = ["Contribution", "Part", "Total", "figure_values", "number_in", "plain", "reckoned", "total_of"]

_MOST = Decimal(10**9)
_ROUNDING = {
    "half_up_once": ROUND_HALF_UP,
    "half_even_once": ROUND_HALF_EVEN,
    "down_once": ROUND_DOWN,
}


@dataclass(frozen=True, slots=True)
class Contribution:
    """A rule with the points it gives, for a counted fact or (without a span) for a condition that holds.

    `free` of charge, `merged` in a graver fact about the same act, or given 0 points because a cap is already
    used up, it is still listed.
    """

    rule: PointRule
    points: Decimal
    span: Span[PointRule] | None = None
    free: bool = False
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A dimension with its own total."""

    id: str
    score: Decimal
    weight: Decimal | None


@dataclass(frozen=True, slots=True)
class Total:
    """The score with its parts."""

    score: Decimal
    parts: tuple[Part, ...]


def reckoned(
    card: Scorecard, spans: Sequence[Span[PointRule]], held: Sequence[PointRule], day: date
) -> tuple[tuple[Contribution, ...], list[Span[PointRule]]]:
    """The contributions of the counting `spans` and of the rules whose condition is `held` on `day`, capped.

    The second answer are spans whose payload lacks the number their rule reckons with; they give nothing.
    """
    newest = {span.rule.id: span for span in spans if span.rule.take == "latest"}
    largest: dict[str, int] = {}
    nth: dict[str, int] = {}
    raw: list[Contribution] = []
    lacking: list[Span[PointRule]] = []
    for span in spans:
        rule = span.rule
        if newest.get(rule.id, span) is not span:
            continue
        nth[rule.id] = nth.get(rule.id, 0) + 1
        free = nth[rule.id] <= rule.free
        points = _points_of(rule, span, nth[rule.id])
        if points is None:
            lacking += [span] if rule.per else []
            continue
        item = Contribution(rule, Decimal(0) if free else points, span, free)
        if rule.take != "largest":
            raw.append(item)
        elif rule.id not in largest:
            largest[rule.id] = len(raw)
            raw.append(item)
        elif abs(item.points) > abs(raw[largest[rule.id]].points):
            raw[largest[rule.id]] = item
    raw += [Contribution(rule, rule.points or Decimal(0)) for rule in held]
    return _capped(card, _once(card, raw), day), lacking


def _once(card: Scorecard, raw: list[Contribution]) -> list[Contribution]:
    """Of several facts about one act, where a group counts acts once, only the gravest keeps its points."""
    fields = {group.id: group.once_per for group in card.groups if group.once_per}
    if not fields:
        return raw
    acts: dict[tuple[str, bytes], list[int]] = {}
    for place, item in enumerate(raw):
        field = fields.get(item.rule.group or "")
        if item.span is None or field is None or item.span.fact.payload.get(field) is None:
            continue
        act = item.rule.group or "", canonical(item.span.fact.payload[field])
        acts.setdefault(act, []).append(place)
    found = list(raw)
    for places in acts.values():
        gravest = max(places, key=lambda place: abs(raw[place].points))
        for place in places:
            if place != gravest:
                found[place] = replace(raw[place], points=Decimal(0), merged=True)
    return found


def _points_of(rule: PointRule, span: Span[PointRule], nth: int) -> Decimal | None:
    if rule.points is not None:
        return rule.points
    if rule.per is not None:
        value = number_in(span.fact.payload, rule.per.field)
        if value is None:
            return None
        with localcontext(prec=60):
            if rule.per.whole_units:
                points = rule.per.points * int(value / rule.per.unit)
            else:
                points = rule.per.points * value / rule.per.unit
        if rule.per.limit is not None:
            points = _within(points, rule.per.limit)
        return max(-_MOST, min(_MOST, points))
    facts = {"payload": readable(span.fact.payload), "code": span.fact.code, "nth": nth}
    return next((case.points for case in rule.cases if case.when is None or holds(case.when, facts)), None)


def number_in(payload: Mapping[str, Any], field: str) -> Decimal | None:
    """The number in a field of a payload, exactly as it is written there; None if there is none."""
    value = payload.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() and abs(number) < 10**18 else None


def _within(points: Decimal, cap: Decimal) -> Decimal:
    return min(points, cap) if cap > 0 else max(points, cap)


def _capped(card: Scorecard, raw: list[Contribution], day: date) -> tuple[Contribution, ...]:
    """The contributions with rule caps, then group caps, used up in the order the card reads."""
    if not any(item.rule.cap is not None or item.rule.group for item in raw):
        return tuple(raw)
    groups = {group.id: group for group in card.groups}
    used: dict[tuple[str, str, str], Decimal] = {}
    given: dict[int, Decimal] = {}
    order = list(enumerate(raw))
    if card.readings.cap == "latest_facts_count_first":
        order.reverse()
    for place, item in order:
        on = item.span.fact.occurred_on if item.span else day
        points = _take(used, ("rule", item.rule.id), item.rule.cap, item.rule.cap_per, on, item.points)
        if item.rule.group:
            group = groups[item.rule.group]
            points = _take(used, ("group", group.id), group.cap, group.cap_per, on, points)
        given[place] = points
    return tuple(replace(item, points=given[place]) for place, item in enumerate(raw))


def _take(
    used: dict[tuple[str, str, str], Decimal],
    what: tuple[str, str],
    cap: Decimal | None,
    per: Calendar | None,
    on: date,
    points: Decimal,
) -> Decimal:
    if cap is None:
        return points
    key = (*what, label(on, per) if per else "")
    before = used.get(key, Decimal(0))
    used[key] = _within(before + points, cap)
    return used[key] - before


def total_of(card: Scorecard, contributions: Sequence[Contribution]) -> Total:
    """The score: base and points, or dimensions summed or weighted, rounded once and clamped."""
    sums: dict[str | None, Decimal] = {}
    for item in contributions:
        sums[item.rule.dimension] = sums.get(item.rule.dimension, Decimal(0)) + item.points
    parts = tuple(
        Part(d.id, d.bounds.clamp(d.base + sums.get(d.id, Decimal(0))), d.weight) for d in card.dimensions
    )
    value = card.base + sums.get(None, Decimal(0))
    weights = sum((part.weight or Decimal(0) for part in parts), Decimal(0))
    if weights:
        weighted = sum((part.score * (part.weight or 0) for part in parts), Decimal(0))
        exact = Fraction(value) + Fraction(weighted) / Fraction(weights)
        return Total(card.clamp(_rounded(exact, card)), parts)
    value += sum((part.score for part in parts), Decimal(0))
    return Total(card.clamp(_rounded(value, card)), parts)


def _rounded(value: Decimal | Fraction, card: Scorecard) -> Decimal:
    if isinstance(value, Decimal):
        return value.quantize(card.quantum, _ROUNDING[card.readings.rounding])
    steps = value / Fraction(card.quantum)
    if card.readings.rounding == "half_even_once":
        whole = round(steps)
    elif card.readings.rounding == "down_once":
        whole = int(steps)
    else:
        whole = floor(abs(steps) + Fraction(1, 2)) * (1 if steps >= 0 else -1)
    return whole * card.quantum


def figure_values(
    card: Scorecard, spans: Mapping[str, Sequence[FigureSpan]], counts: Any
) -> tuple[dict[str, Any], dict[str, list[UUID]]]:
    """The value of each figure over the spans for which `counts(span)`, and the facts behind it."""
    values: dict[str, Any] = {}
    facts: dict[str, list[UUID]] = {}
    for name, figure in card.figures.items():
        counting = [span for span in spans[name] if counts(span)]
        values[name] = plain(_figure(figure, counting))
        facts[name] = [span.fact.id for span in counting]
    return values, facts


def _figure(figure: Figure, spans: Sequence[FigureSpan]) -> Decimal:
    if figure.how == "count":
        if figure.distinct is None:
            return Decimal(len(spans))
        return Decimal(len({repr(span.fact.payload.get(figure.distinct)) for span in spans}))
    found = [number_in(span.fact.payload, figure.field or "") for span in spans]
    numbers = [number for number in found if number is not None]
    if figure.how == "sum":
        return sum(numbers, Decimal(0))
    if not numbers:
        return figure.missing or Decimal(0)
    if figure.how == "latest":
        return numbers[-1]
    return max(numbers) if figure.how == "highest" else min(numbers)


def plain(value: Decimal) -> int | Decimal:
    """A number as conditions see it: whole ones as integers."""
    return int(value) if value == value.to_integral_value() else value
