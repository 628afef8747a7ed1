"""From facts to spans: each fact under each rule, veto or figure, with the days on which it counts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    "readable",
    "rule_spans",
]

_DAY = timedelta(days=1)
_EXACT_DIGITS = 15
_TOO_LARGE = 2**63
R = TypeVar("R", bound=PointRule | VetoRule | Figure, covariant=True)


@dataclass(frozen=True, slots=True)
class Span(Generic[R]):
    """A fact counting under a rule from `first` to `last`, both inside; None: until its duty is done."""

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
            if _meant(fact, rule.when):
                last = ends.last(fact, rule.window)
                if last is None or last >= fact.occurred_on:
                    span: Any = Span(fact, rule, fact.occurred_on, last)
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
            if fact.code in figure.codes and _meant(fact, figure.when):
                last = ends.last(fact, figure.window)
                if last is None or last >= fact.occurred_on:
                    found[name].append(Span(fact, figure, fact.occurred_on, last))
    return found


def _meant(fact: FactVersion, when: Condition | None) -> bool:
    return when is None or holds(when, {"payload": readable(fact.payload), "code": fact.code})


class _Ends:
    """Reckons the last day on which a fact counts.

    A fact that was repaired counts to the day before the repair, whatever its window says, because a repair
    refreshes evaluations too (NDRC Order 36, Article 3); unless the card reads it otherwise.
    """

    def __init__(self, card: Scorecard, facts: Iterable[FactVersion]) -> None:
        self._card, self._readings = card, card.readings
        self._by_code: dict[str, list[FactVersion]] = {}
        for fact in facts:
            self._by_code.setdefault(fact.code, []).append(fact)
        self._repaired = self._repairs() if card.ends_by_repair else {}
        self._resets = [row.occurred_on for code in card.reset.on for row in self._by_code.get(code, ())]

    def last(self, fact: FactVersion, window: Window) -> date | None:
        """The last day inside; None without an end, a day before the fact's own when it never counts."""
        first = fact.occurred_on
        over = window.over_after(first, self._readings)
        closed = self._closed(fact, window)
        if over and window.until and self._readings.cooling_off == "ends_when_over_and_removed":
            ends = [None if closed is None else max(over, closed)]
        else:
            ends = [over, closed]
        calendar = self._card.calendar if window.empty or window.end_of == "period" else window.end_of
        if calendar is not None:
            ends.append(last_day(first, calendar))
        if not window.past_reset:
            ends += self._reset(first)
        if self._repaired and (day := self._repaired.get(str(fact.id))) is not None:
            ends.append(day if day == date.min else day - _DAY)
        return min((end for end in ends if end is not None), default=None)

    def _repairs(self) -> dict[str, date]:
        """The day of the first repair of each fact that was repaired, by the id it is named by."""
        found: dict[str, date] = {}
        for row in self._by_code.get(REPAIRED, ()):
            named = row.payload.get("fact_id")
            if isinstance(named, str):
                found[named] = min(found.get(named, date.max), row.occurred_on)
        return found

    def _closed(self, fact: FactVersion, window: Window) -> date | None:
        """The last day before (or with) the first closing fact on or after the fact's own day."""
        days = [
            row.occurred_on
            for code in window.until
            for row in self._by_code.get(code, ())
            if row.occurred_on >= fact.occurred_on
            and (window.match is None or row.payload.get(window.match) == fact.payload.get(window.match))
        ]
        if not days:
            return None
        first = min(days)
        if self._readings.until_done == "counts_through_the_day_the_duty_is_done" or first == date.min:
            return first
        return first - _DAY

    def _reset(self, first: date) -> list[date]:
        every = self._card.reset.every
        ends = [last_day(first, every)] if every else []
        if self._readings.review_day == "belongs_to_the_old_period":
            ends += [day for day in self._resets if day >= first]
        else:
            ends += [day - _DAY for day in self._resets if day > first]
        return ends
