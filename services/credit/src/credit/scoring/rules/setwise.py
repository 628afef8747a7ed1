"""A card as a table: what a database needs to score a whole population at once, where that is possible.

Whoever scores by sets counts facts by rule: `first_day` is the earliest day of a fact that can still count,
so the windows cost one comparison a fact. Periods in months are monotonous in their first day, hence
`first_day` is found by search and the next expiry by adding the months to the earliest fact that counts.
Points are whole numbers of `1 / scale`. Where a closing fact must match a field, the facts of a rule are
counted by the value of that field; so such a rule has no cap. A card that says more than the table can hold
is left to the engine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from common.calendar import add_months

from .scorecard import PointRule, Scorecard, VetoRule

__all__ = ["SetPlan", "fits", "set_plan"]

_NO_CAP = 10**15


@dataclass(frozen=True, slots=True)
class SetPlan:
    """The columns of the tables that score one card on one day."""

    day: date
    # One row for each code that a rule looks at; `opens` is false for the codes that end its window.
    rule_of: tuple[int, ...]
    codes: tuple[str, ...]
    opens: tuple[bool, ...]
    first_days: tuple[date, ...]
    # One row for each rule.
    ids: tuple[str, ...]
    points: tuple[int, ...]
    caps: tuple[int, ...]
    veto_ranks: tuple[int | None, ...]
    months: tuple[int | None, ...]
    bounded: tuple[bool, ...]
    matches: tuple[str | None, ...]
    # The card.
    base: int
    scale: int
    decimals: int
    least: Decimal
    most: Decimal
    edges: tuple[Decimal, ...]
    edge_ranks: tuple[int, ...]
    grades: tuple[str, ...]
    tiers: tuple[str, ...]


def fits(card: Scorecard) -> bool:
    """Whether the table can say all that the card says."""
    bounds = [edge for edge in (card.bounds.min, card.bounds.max) if edge is not None]
    return card.is_plain and all(edge == edge.quantize(card.quantum) for edge in bounds)


def set_plan(card: Scorecard, day: date) -> SetPlan:
    """The table of a card that fits, for scores on `day`."""
    rules: list[PointRule | VetoRule] = [*card.rules, *card.vetoes]
    lines = [line for number, rule in enumerate(rules) for line in _lines(number, rule, day)]
    places = [-_exponent(x) for x in (card.base, *(_points(r) for r in rules), *(_cap(r) for r in rules))]
    scale = 10 ** max(0, card.decimals, *places)
    edges = sorted(_lower_edges(card))
    return SetPlan(
        day=day,
        rule_of=tuple(line[0] for line in lines),
        codes=tuple(line[1] for line in lines),
        opens=tuple(line[2] for line in lines),
        first_days=tuple(line[3] for line in lines),
        ids=tuple(rule.id for rule in rules),
        points=tuple(int(_points(rule) * scale) for rule in rules),
        caps=tuple(_whole_cap(rule, scale) for rule in rules),
        veto_ranks=tuple(card.rank(r.grade) if isinstance(r, VetoRule) and r.grade else None for r in rules),
        months=tuple(rule.window.months for rule in rules),
        bounded=tuple(bool(rule.window.until) for rule in rules),
        matches=tuple(rule.window.match for rule in rules),
        base=int(card.base * scale),
        scale=scale,
        decimals=card.decimals,
        least=card.clamp(Decimal(-_NO_CAP)),
        most=card.clamp(Decimal(_NO_CAP)),
        edges=tuple(edge for edge, _ in edges),
        edge_ranks=tuple(rank for _, rank in edges),
        grades=card.grades,
        tiers=tuple(card.tier_of[grade] for grade in card.grades),
    )


def _lines(number: int, rule: PointRule | VetoRule, day: date) -> Iterator[tuple[int, str, bool, date]]:
    first = date.min if rule.window.months is None else _first_counting(day, rule.window.months)
    for code in sorted(set(rule.codes)):
        yield number, code, True, first
    for code in sorted(set(rule.window.until)):
        yield number, code, False, date.min


def _first_counting(day: date, months: int) -> date:
    """The earliest first day whose period of so many months still holds `day`."""
    low, high = day.toordinal() - 31 * months - 31, day.toordinal()
    while low < high:
        middle = (low + high) // 2
        if middle >= 1 and add_months(date.fromordinal(middle), months) >= day:
            high = middle
        else:
            low = middle + 1
    return date.fromordinal(max(high, 1))


def _lower_edges(card: Scorecard) -> Iterator[tuple[Decimal, int]]:
    """Each band as the least score on the grid that it holds, if any; the lowest band begins nowhere."""
    for band in card.ranged:
        rank = card.rank(band.grade)
        if band.min is None:
            yield Decimal(-_NO_CAP), rank
        else:
            least = band.min.quantize(card.quantum, "ROUND_CEILING")
            held = next((edge for edge in (least, least + card.quantum) if band.holds(edge)), None)
            if held is not None:
                yield held, rank


def _points(rule: PointRule | VetoRule) -> Decimal:
    return (isinstance(rule, PointRule) and rule.points) or Decimal(0)


def _cap(rule: PointRule | VetoRule) -> Decimal:
    return rule.cap if isinstance(rule, PointRule) and rule.cap is not None else Decimal(0)


def _whole_cap(rule: PointRule | VetoRule, scale: int) -> int:
    if isinstance(rule, PointRule) and rule.cap is not None:
        return int(rule.cap * scale)
    return -_NO_CAP if _points(rule) < 0 else _NO_CAP


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
