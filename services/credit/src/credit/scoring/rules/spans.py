"""From facts to spans: each fact under each rule, veto or figure, with the days on which it counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

from common.canonical import canonical
from common.policies import Condition, PolicyError

from credit.facts.rules import REPAIRED, FactVersion

from .figures import Figure
from .periods import last_day
from .points import PointRule
from .scorecard import Scorecard, VetoRule
from .windows import Window

__all__ = [
    "FigureSpan",
    "RuleSpan",
    "Span",
    "day_after",
    "figure_spans",
    "holds",
    "in_order",
    "meant",
    "readable",
    "rule_spans",
]

_DAY = timedelta(days=1)
_EXACT_DIGITS = 15
_TOO_LARGE = 2**63
R = TypeVar("R", bound=PointRule | VetoRule | Figure, covariant=True)


@dataclass(frozen=True, slots=True)
class Span(Generic[R]):
    """A fact counting under a rule from `first` to `last`, both inside; None: until its duty is done.

    `first` is the fact's own day, but for what counts again because a dispute suspends what had ended it.
    """

    fact: FactVersion
    rule: R
    first: date
    last: date | None

    def counts_on(self, day: date) -> bool:
        """Whether the fact counts on `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


RuleSpan = Span[PointRule] | Span[VetoRule]
FigureSpan = Span[Figure]


def holds(condition: Condition, values: Mapping[str, Any]) -> bool:
    """Whether a condition is met; one that asks for what is not there, or for another type, is not."""
    try:
        return condition.evaluate(values)
    except PolicyError:
        return False


def readable(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload as conditions see it: broken numbers as written, without what no condition can read."""
    found = ((name, _readable(value)) for name, value in payload.items())
    return {name: value for name, value in found if value is not None}


def _readable(value: Any) -> Any:
    if isinstance(value, float):
        number = Decimal(repr(value))
        return number if number.is_finite() and len(number.as_tuple().digits) <= _EXACT_DIGITS else None
    if isinstance(value, int) and abs(value) >= _TOO_LARGE:
        return None
    if isinstance(value, Mapping):
        return readable(value)
    if isinstance(value, list):
        return [item for item in map(_readable, value) if item is not None]
    return value


def day_after(day: date) -> date | None:
    """The next day; None at the end of the calendar."""
    return None if day == date.max else day + _DAY


def in_order(facts: Iterable[FactVersion]) -> list[FactVersion]:
    """The facts by day; those of one day by the recording of the version that stands, then by their content.

    Content is the code, then the payload as canonical JSON. An id decides only between facts that say the
    very same, where it can make no difference to a score.
    """
    listed = list(facts)
    moments = Counter((fact.occurred_on, fact.recorded_at) for fact in listed)

    def key(fact: FactVersion) -> tuple[date, datetime, str, bytes, UUID]:
        alone = moments[fact.occurred_on, fact.recorded_at] == 1
        content = b"" if alone else canonical(dict(fact.payload))
        return fact.occurred_on, fact.recorded_at, fact.code, content, fact.id

    return sorted(listed, key=key)


def rule_spans(card: Scorecard, facts: Sequence[FactVersion]) -> list[RuleSpan]:
    """Each fact under each rule and veto, in the order of facts, then by rule: so caps are used up."""
    ends = _Ends(card, facts)
    found: list[RuleSpan] = []
    for fact in in_order(facts):
        for rule in sorted(card.by_code.get(fact.code, ()), key=lambda one: one.id):
            if meant(fact, rule.when):
                for first, last in ends.stretches(fact, rule.window):
                    span: Any = Span(fact, rule, first, last)
                    found.append(span)
    return found


def figure_spans(card: Scorecard, facts: Sequence[FactVersion]) -> dict[str, list[FigureSpan]]:
    """Each fact under each figure, in the order of facts."""
    found: dict[str, list[FigureSpan]] = {name: [] for name in card.figures}
    if not found:
        return found
    ends = _Ends(card, facts)
    for fact in in_order(facts):
        for name, figure in card.figures.items():
            if fact.code in figure.codes and meant(fact, figure.when):
                stretches = ends.stretches(fact, figure.window)
                found[name] += [Span(fact, figure, first, last) for first, last in stretches]
    return found


def meant(fact: FactVersion, when: Condition | None) -> bool:
    """Whether a filter means this fact."""
    return when is None or holds(when, {"payload": readable(fact.payload), "code": fact.code})


class _Ends:
    """Reckons the days on which a fact counts.

    A fact that was repaired counts to the day before the repair, whatever its window says, because a repair
    refreshes evaluations too (NDRC Order 36, Article 3); unless the card reads it otherwise. Where a card
    suspends what is disputed, a fact that closes, resets or repairs does so only outside its disputes.
    """

    def __init__(self, card: Scorecard, facts: Iterable[FactVersion]) -> None:
        self._card, self._readings = card, card.readings
        self._by_code: dict[str, list[FactVersion]] = {}
        for fact in facts:
            self._by_code.setdefault(fact.code, []).append(fact)
        self._repaired = self._repairs() if card.ends_by_repair else {}
        self._resets = [row for code in card.reset.on for row in self._by_code.get(code, ())]
        self._turns = self._disputes() if self._readings.disputed == "suspend" else []

    def stretches(self, fact: FactVersion, window: Window) -> Iterator[tuple[date, date | None]]:
        """The first and last days on which the fact counts; one stretch, unless what ends it is disputed."""
        first, found = fact.occurred_on, list[tuple[date, date | None]]()
        starts = [first, *(turn for turn in self._turns if turn > first)]
        for place, start in enumerate(starts):
            last = self._last(fact, window, start)
            if place + 1 < len(starts):
                before_next = starts[place + 1] - _DAY
                last = before_next if last is None else min(last, before_next)
            if last is not None and last < start:
                continue
            begins = found.pop()[0] if found and found[-1][1] == start - _DAY else start
            found.append((begins, last))
        yield from found

    def _disputes(self) -> list[date]:
        """The days on which a dispute about a fact that ends others begins or is over."""
        ending = [*self._resets, *(row for rows in self._repaired.values() for row in rows)]
        ending += [row for code in self._card.closing_codes for row in self._by_code.get(code, ())]
        days = {first for row in ending for first, _ in row.disputed}
        days |= {after for row in ending for _, last in row.disputed if last and (after := day_after(last))}
        return sorted(days)

    def _ends_on(self, row: FactVersion, day: date) -> bool:
        """Whether a fact that ends others is taken to do so, seen on `day`."""
        return not (self._turns and row.disputed_on(day))

    def _last(self, fact: FactVersion, window: Window, seen_on: date) -> date | None:
        """The last day inside; None without an end, a day before the fact's own when it never counts."""
        first = fact.occurred_on
        over = window.over_after(first, self._readings)
        closed = self._closed(fact, window, seen_on)
        if over and window.until and self._readings.cooling_off == "ends_when_over_and_removed":
            ends = [None if closed is None else max(over, closed)]
        else:
            ends = [over, closed]
        calendar = self._card.calendar if window.empty or window.end_of == "period" else window.end_of
        if calendar is not None:
            ends.append(last_day(first, calendar))
        if not window.past_reset:
            ends += self._reset(first, seen_on)
        if self._repaired:
            repairs = self._repaired.get(str(fact.id), ())
            days = [row.occurred_on for row in repairs if self._ends_on(row, seen_on)]
            ends += [day if day == date.min else day - _DAY for day in days]
        return min((end for end in ends if end is not None), default=None)

    def _repairs(self) -> dict[str, list[FactVersion]]:
        """The repairs of each fact that was repaired, by the id it is named by."""
        found: dict[str, list[FactVersion]] = {}
        for row in self._by_code.get(REPAIRED, ()):
            named = row.payload.get("fact_id")
            if isinstance(named, str):
                found.setdefault(named, []).append(row)
        return found

    def _closed(self, fact: FactVersion, window: Window, seen_on: date) -> date | None:
        """The last day before (or with) the first closing fact on or after the fact's own day."""
        days = [
            row.occurred_on
            for code in window.until
            for row in self._by_code.get(code, ())
            if row.occurred_on >= fact.occurred_on
            and (window.match is None or row.payload.get(window.match) == fact.payload.get(window.match))
            and self._ends_on(row, seen_on)
        ]
        if not days:
            return None
        first = min(days)
        if self._readings.until_done == "counts_through_the_day_the_duty_is_done" or first == date.min:
            return first
        return first - _DAY

    def _reset(self, first: date, seen_on: date) -> list[date]:
        every = self._card.reset.every
        ends = [last_day(first, every)] if every else []
        days = [row.occurred_on for row in self._resets if self._ends_on(row, seen_on)]
        if self._readings.review_day == "belongs_to_the_old_period":
            ends += [day for day in days if day >= first]
        else:
            ends += [day - _DAY for day in days if day > first]
        return ends
