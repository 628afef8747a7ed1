"""What the law lets a subject do about the facts that count against it, and from which day on.

Whether and when a repair can be asked for is told by the repair desk (`Repairable`), so a path and the desk's
own outlook never disagree. Between two repairs of listings a year must pass (Order 7, Article 28), hence
listings are repaired one after the other, and a subject is off a list when its last listing there has ended.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

from common.calendar import DateOutOfRange, add_months

from credit.facts.rules import REPAIRED, FactVersion

from .scorecard import Scorecard
from .spans import RuleSpan
from .ways import FinishDuty, Repair

__all__ = ["Option", "Removal", "Repairable", "open_duties", "removals", "repairs"]

_DAY = timedelta(days=1)
_MOST_LISTINGS = 8


@dataclass(frozen=True, slots=True)
class Repairable:
    """What the repair desk says of one fact: a repair can be asked for from `earliest` on; None: never.

    For the fact of a listing, `listed_until` is its last day (it ends by itself on the next) and `gap_months`
    must be over since the repair of another listing.
    """

    fact_id: UUID
    earliest: date | None
    listed_until: date | None = None
    gap_months: int | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be done about `fact_id` from `earliest` on: it records a fact of `code`."""

    rule: str
    fact_id: UUID
    code: str
    earliest: date
    cost: int
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Removal:
    """One way off the lists: the listings to be repaired, in order, and the day of each closing code.

    Without repairs it is the day after the last day of the last listing.
    """

    repairs: tuple[Option, ...] = ()
    ends: tuple[tuple[str, date], ...] = ()

    @property
    def cost(self) -> int:
        """What its repairs cost."""
        return sum(one.cost for one in self.repairs)

    def by(self, day: date) -> tuple[tuple[str, date], ...]:
        """The lists that the subject has left by `day`."""
        return tuple((code, on) for code, on in self.ends if on <= day)


@dataclass(frozen=True, slots=True)
class _Listing:
    """A listing in force, as the card's action sees it."""

    rule: str
    said: Repairable
    code: str
    cost: int
    until: date


def open_duties(
    card: Scorecard, spans: Iterable[RuleSpan], facts: Sequence[FactVersion], today: date
) -> list[Option]:
    """The duties that are open today and that nothing on record finishes, whether or not a rule counts them.

    A duty that no rule of the card counts bears its code in place of a rule.
    """
    counting = {span.fact.id: span for span in spans if span.counts_on(today)}
    found: list[Option] = []
    for action in card.paths:
        if not isinstance(action, FinishDuty):
            continue
        for fact in facts:
            code = action.closes.get(fact.code)
            if code is not None and fact.occurred_on <= today and not _closed(card, fact, code, facts, today):
                span = counting.get(fact.id)
                rule = span.rule.id if span else fact.code
                found.append(Option(rule, fact.id, code, today, action.cost, dict(fact.payload)))
    return found


def repairs(card: Scorecard, spans: Iterable[RuleSpan], repairable: Iterable[Repairable]) -> list[Option]:
    """The repairs of single facts that count today, each with its first lawful day; it records `REPAIRED`."""
    if not card.ends_by_repair:
        return []
    said = {one.fact_id: one for one in repairable}
    found: dict[UUID, Option] = {}
    for action, span in _closable(card, spans):
        one = said.get(span.fact.id)
        if one is None or one.earliest is None or one.listed_until is not None:
            continue
        if span.fact.id not in found and (span.last is None or one.earliest <= span.last):
            found[span.fact.id] = Option(
                span.rule.id,
                span.fact.id,
                REPAIRED,
                one.earliest,
                action.cost,
                {"fact_id": str(span.fact.id)},
            )
    return list(found.values())


def removals(card: Scorecard, spans: Iterable[RuleSpan], repairable: Iterable[Repairable]) -> list[Removal]:
    """The ways off the lists that count today, the cheapest first; the first is to let all listings end.

    Of ways that cost the same only those remain that no other beats. Of more than eight listings those that
    end first are not repaired.
    """
    listings = _listings(card, spans, repairable)
    may = sorted((one for one in listings if one.said.earliest), key=lambda one: one.until, reverse=True)
    found: list[Removal] = []
    for size in range(min(len(may), _MOST_LISTINGS) + 1):
        for chosen in combinations(may[:_MOST_LISTINGS], size):
            way = _removal(listings, chosen)
            if way is not None and not any(_beats(other, way) for other in found):
                found = [other for other in found if not _beats(way, other)]
                found.append(way)
    return sorted(found, key=lambda way: (way.cost, len(way.repairs), way.ends))


def _listings(card: Scorecard, spans: Iterable[RuleSpan], repairable: Iterable[Repairable]) -> list[_Listing]:
    said = {one.fact_id: one for one in repairable}
    found: dict[UUID, _Listing] = {}
    for action, span in _closable(card, spans):
        one, code = said.get(span.fact.id), action.closes[span.fact.code]
        if code in span.rule.window.until and one is not None and one.listed_until is not None:
            listing = _Listing(span.rule.id, one, code, action.cost, one.listed_until)
            found.setdefault(span.fact.id, listing)
    return list(found.values())


def _closable(card: Scorecard, spans: Iterable[RuleSpan]) -> Iterator[tuple[Repair, RuleSpan]]:
    """The spans that an action of the card may end."""
    every = list(spans)
    for action in card.paths:
        if isinstance(action, Repair):
            yield from ((action, span) for span in every if span.fact.code in action.closes)


def _removal(listings: Sequence[_Listing], chosen: Sequence[_Listing]) -> Removal | None:
    """The listings `chosen` repaired as early as may be, all others run out; None if one runs out before."""
    last: date | None = None
    options: list[Option] = []
    over = {one.said.fact_id: _day_after(one.until) for one in listings}
    for one in sorted(chosen, key=lambda one: (one.said.earliest or date.max, one.said.fact_id)):
        day = one.said.earliest
        if day is not None and last is not None and one.said.gap_months is not None:
            day = max(day, _after_months(last, one.said.gap_months))
        if day is None or day > one.until:
            return None
        options.append(Option(one.rule, one.said.fact_id, one.code, day, one.cost))
        over[one.said.fact_id] = last = day
    codes = sorted({one.code for one in listings})
    ends = [(code, max(over[one.said.fact_id] for one in listings if one.code == code)) for code in codes]
    return Removal(tuple(options), tuple(ends))


def _beats(one: Removal, other: Removal) -> bool:
    """Whether a way is nowhere worse than another."""
    return one.cost <= other.cost and all(
        mine <= theirs for (_, mine), (_, theirs) in zip(one.ends, other.ends, strict=True)
    )


def _closed(card: Scorecard, fact: FactVersion, code: str, facts: Iterable[FactVersion], today: date) -> bool:
    """Whether the closing fact is on record, also dated later; a disputed one where the card counts it.

    It must name the same matter: in the field by which a rule of the card matches, else in every text that
    both have.
    """
    windows = [rule.window for rule in card.by_code.get(fact.code, ()) if code in rule.window.until]
    suspends = card.readings.disputed == "suspend"

    def same(payload: Mapping[str, Any]) -> bool:
        if windows:
            match = windows[0].match
            return match is None or payload.get(match) == fact.payload.get(match)
        return all(
            payload.get(name, value) == value
            for name, value in fact.payload.items()
            if isinstance(value, str)
        )

    return any(
        row.code == code
        and row.occurred_on >= fact.occurred_on
        and not (suspends and row.disputed_on(today))
        and same(row.payload)
        for row in facts
    )


def _after_months(day: date, months: int) -> date:
    """The day after so many whole months; the last day there is where the calendar ends."""
    try:
        return _day_after(add_months(day, months))
    except DateOutOfRange:
        return date.max


def _day_after(day: date) -> date:
    return day if day == date.max else day + _DAY
