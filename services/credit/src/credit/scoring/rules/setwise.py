"""A card as a table: what a database needs to score a whole population at once, where that is possible.

Whoever scores by sets counts facts by rule: `first_day` is the earliest day of a fact that can still count,
so the windows cost one comparison a fact. Periods in months are monotonous in their first day, hence
`first_day` is found by search and the next expiry by adding the months to the earliest fact that counts.
Points are whole numbers of `1 / scale`. What a card says beyond this has no place in the table: `obstacles`
names it, and such a card is left to the engine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from common.calendar import add_months

from .scorecard import PointRule, Scorecard, VetoRule

__all__ = ["SetPlan", "obstacles", "set_plan"]

_DAY = timedelta(days=1)
_NO_CAP = 10**15
_HEAD = {
    "id",
    "version",
    "effective_from",
    "effective_to",
    "region",
    "status",
    "legal_basis",
    "name",
    "kinds",
}
_CARD = _HEAD | {
    "use",
    "direction",
    "base",
    "bounds",
    "decimals",
    "readings",
    "rules",
    "vetoes",
    "bands",
    "paths",
}
_RULE = {"id", "codes", "points", "cap", "window", "reason", "legal_basis"}
_VETO = {"id", "codes", "grade", "window", "reason", "legal_basis"}
_WINDOW = {"months", "until"}
_BAND = {"grade", "tier", "min", "min_inclusive", "max", "max_inclusive"}
_BOUNDS = {"min", "max"}


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
    # The card.
    base: int
    scale: int
    decimals: int
    least: Decimal | None
    most: Decimal | None
    edges: tuple[Decimal, ...]
    edge_ranks: tuple[int, ...]
    grades: tuple[str, ...]
    tiers: tuple[str, ...]


def obstacles(card: Scorecard) -> list[str]:
    """What the card says that the table cannot hold, by its place in the card; empty: the table will do."""
    content = card.content
    found = [*_unknown("", content, _CARD)]
    found += _unknown("bounds", content.get("bounds") or {}, _BOUNDS)
    for name, keys in (("rules", _RULE), ("vetoes", _VETO)):
        for number, rule in enumerate(content.get(name) or []):
            found += _unknown(f"{name}[{number}]", rule, keys)
            found += _unknown(f"{name}[{number}].window", rule.get("window") or {}, _WINDOW)
    for number, band in enumerate(content.get("bands") or []):
        found += _unknown(f"bands[{number}]", band, _BAND)
    bounds = [edge for edge in (card.bounds.min, card.bounds.max) if edge is not None]
    if any(edge != edge.quantize(card.quantum) for edge in bounds):
        found.append("bounds: not on the grid of scores")
    return found


def set_plan(card: Scorecard, day: date) -> SetPlan:
    """The table of a card without obstacles, for scores on `day`."""
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
        veto_ranks=tuple(card.rank(r.grade) if isinstance(r, VetoRule) else None for r in rules),
        months=tuple(rule.window.months for rule in rules),
        bounded=tuple(bool(rule.window.until) for rule in rules),
        base=int(card.base * scale),
        scale=scale,
        decimals=card.decimals,
        least=card.bounds.min,
        most=card.bounds.max,
        edges=tuple(edge for edge, _ in edges if edge is not None),
        edge_ranks=tuple(rank for _, rank in edges),
        grades=card.grades,
        tiers=tuple(card.tier_of[grade] for grade in card.grades),
    )


def _unknown(where: str, content: Mapping[str, Any], keys: set[str]) -> Iterator[str]:
    for name, value in content.items():
        if name not in keys and value not in (None, False, [], {}):
            yield f"{where}.{name}".lstrip(".")


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
    """Each band as the least score on the grid that it holds; the lowest band begins nowhere."""
    for rank, band in enumerate(card.bands):
        if band.min is None:
            yield Decimal("-Infinity"), rank
        else:
            least = band.min.quantize(card.quantum, "ROUND_CEILING")
            yield least if band.holds(least) else least + card.quantum, rank


def _points(rule: PointRule | VetoRule) -> Decimal:
    return rule.points if isinstance(rule, PointRule) else Decimal(0)


def _cap(rule: PointRule | VetoRule) -> Decimal:
    return rule.cap if isinstance(rule, PointRule) and rule.cap is not None else Decimal(0)


def _whole_cap(rule: PointRule | VetoRule, scale: int) -> int:
    if isinstance(rule, PointRule) and rule.cap is not None:
        return int(rule.cap * scale)
    return -_NO_CAP if _points(rule) < 0 else _NO_CAP


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
