"""What a fixed set of facts means on any day, under the card versions in force, run by run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from credit.facts.rules import FactVersion

from .periods import first_day, last_day
from .scorecard import Scorecard
from .spans import RuleSpan, Span, day_after, figure_spans, meant, rule_spans
from .standing import Standing, eligible_from, standing_of
from .subject import ScoredSubject

__all__ = ["Run", "Timeline"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Run:
    """An evaluation: facts up to and with `day` count; `first` is the first day of the period evaluated.

    `extra` runs are called for by a fact of `day`; they stand only where a direct grade makes it worse than
    the regular run did, and leave an earlier one that found a still worse grade.
    """

    day: date
    first: date | None = None
    extra: bool = False


class Timeline:
    """What a fixed set of facts means on any day, under the card versions in force on that day."""

    def __init__(
        self, facts: Sequence[FactVersion], cards: Sequence[Scorecard], subject: ScoredSubject
    ) -> None:
        self._facts, self._subject = facts, subject
        self._cards = sorted(cards, key=lambda card: card.effective_from)
        self._spans = [rule_spans(card, facts) for card in self._cards]
        self._figures = [figure_spans(card, facts) for card in self._cards]
        self._standings: dict[tuple[int, date], Standing] = {}

    def card_on(self, day: date) -> Scorecard:
        """The version in force on `day`: the latest that has begun, else the first."""
        return self._cards[self._index(day)]

    def spans_on(self, day: date) -> list[RuleSpan]:
        """Everything the card of that day makes of the facts."""
        return self._spans[self._index(day)]

    def on(self, day: date) -> Standing:
        """Score, grade, contributions and vetoes on `day`."""
        return self.run_on(day)[1]

    def run_on(self, day: date) -> tuple[Run, Standing]:
        """The evaluation whose result holds on `day`, and what it found."""
        index = self._index(day)
        card = self._cards[index]
        run = _regular(card, day)
        if not self._applies(index, day):
            return run, Standing("no_card")
        regular = held = self._evaluate(index, run.day)
        for extra in self._extras(card, day):
            found = self._evaluate(index, extra.day)
            if _worse(card, found, regular) and not _worse(card, held, found):
                run, held = extra, found
        return run, held

    def counts_until(self, day: date, last: date | None) -> date | None:
        """The last day on whose result a fact still bears that counts through `last`, seen from `day`."""
        card = self.card_on(day)
        if last is None or card.calendar is None or last == date.max:
            return last
        end = last_day(last, card.calendar)
        if end > last:
            start = first_day(last, card.calendar)
            end = last if start == date.min else start - _DAY
        holds_to = day_after(end)
        if holds_to is None:
            return last
        until = last_day(holds_to, card.calendar)
        return max(day, until if _old(card) else until - _DAY)

    def days_after(self, day: date) -> list[date]:
        """The later days on which anything can change with nothing new recorded."""
        days: set[date] = {card.effective_from for card in self._cards}
        for card in self._cards:
            if card.effective_to is not None and (ended := day_after(card.effective_to)):
                days.add(ended)
        for index, card in enumerate(self._cards):
            turns = set(self._turns(index))
            if card.calendar is None:
                days |= turns
                continue
            ends = {last_day(turn, card.calendar) for turn in turns}
            ends |= {row.occurred_on for row in self._extra_facts(card)}
            if _old(card):
                days |= {after for end in ends if (after := day_after(end))}
            else:
                days |= ends
        return sorted(d for d in days if d > day)

    def _turns(self, index: int) -> Iterator[date]:
        """The days on which what counts becomes another."""
        card = self._cards[index]
        every: list[Sequence[Span[Any]]] = [self._spans[index], *self._figures[index].values()]
        for spans in every:
            for span in spans:
                yield span.first
                if span.last is not None and (after := day_after(span.last)):
                    yield after
        if card.readings.disputed == "suspend":
            for row in self._facts:
                for first, last in row.disputed:
                    yield first
                    if last is not None and (after := day_after(last)):
                        yield after
        for one in card.eligibility:
            if one.months_in_business:
                first_eligible = eligible_from(self._subject, one.months_in_business)
                if first_eligible:
                    yield first_eligible

    def _evaluate(self, index: int, day: date) -> Standing:
        key = index, day
        if key not in self._standings:
            self._standings[key] = standing_of(
                self._cards[index], self._subject, day, self._spans[index], self._figures[index]
            )
        return self._standings[key]

    def _extra_facts(self, card: Scorecard) -> Iterable[FactVersion]:
        if card.extra_runs is None:
            return ()
        called = card.extra_runs
        return (row for row in self._facts if row.code in called.codes and meant(row, called.when))

    def _extras(self, card: Scorecard, day: date) -> list[Run]:
        """The runs of the current period that facts called for and whose results can hold on `day`."""
        if card.calendar is None or card.extra_runs is None:
            return []
        regular, start = _regular(card, day), first_day(day, card.calendar)
        days = {
            row.occurred_on
            for row in self._extra_facts(card)
            if start <= row.occurred_on
            and (row.occurred_on < day or (row.occurred_on == day and not _old(card)))
        }
        return [Run(one, start, extra=True) for one in sorted(days) if one > regular.day]

    def _index(self, day: date) -> int:
        begun = [n for n, card in enumerate(self._cards) if card.effective_from <= day]
        return begun[-1] if begun else 0

    def _applies(self, index: int, day: date) -> bool:
        card = self._cards[index]
        graded = not card.kinds or self._subject.kind in card.kinds
        return graded and (card.effective_to is None or day <= card.effective_to)


def _old(card: Scorecard) -> bool:
    return card.readings.review_day == "belongs_to_the_old_period"


def _regular(card: Scorecard, day: date) -> Run:
    if card.calendar is None:
        return Run(day)
    start = first_day(day, card.calendar)
    if not _old(card) and day == last_day(day, card.calendar):
        return Run(day, start)
    if start == date.min:
        return Run(date.min, date.min)
    review = start - _DAY
    return Run(review, first_day(review, card.calendar))


def _worse(card: Scorecard, found: Standing, held: Standing) -> bool:
    """Whether the run of an event makes it worse by a direct grade: further down, or withdrawn.

    A period that has only begun lacks the points and merits it will bring, so without a direct grade that
    holds down nothing is taken away.
    """
    if all(veto.rule.effect == "at_least" for veto in found.vetoes):
        return False
    if held.grade is None or found.grade is None:
        return held.state == "rated" and found.state == "cancelled"
    return card.rank(found.grade) > card.rank(held.grade)
