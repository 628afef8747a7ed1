"""What the law lets a subject do about a fact that counts against it, and from which day on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from common.calendar import DateOutOfRange, add_months

from credit.facts.rules import REPAIRED, FactVersion

from .scorecard import Scorecard
from .spans import RuleSpan
from .ways import FinishDuty, Repair

__all__ = ["Option", "open_duties", "repairs"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Option:
    """Something that can be done about `fact_id` from `earliest` on: it records a fact of `code`."""

    rule: str
    fact_id: UUID
    code: str
    earliest: date
    cost: int
    payload: Mapping[str, Any] = field(default_factory=dict)


def open_duties(
    card: Scorecard, spans: Iterable[RuleSpan], facts: Sequence[FactVersion], today: date
) -> list[Option]:
    """The duties among the spans that count today and that nothing on record has finished yet."""
    found: list[Option] = []
    for action in card.paths:
        if isinstance(action, FinishDuty):
            for span, code in _closable(action.closes, spans):
                if not _closed(card, span, code, facts, today):
                    payload = dict(span.fact.payload)
                    found.append(Option(span.rule.id, span.fact.id, code, today, action.cost, payload))
    return found


def repairs(
    card: Scorecard, spans: Iterable[RuleSpan], facts: Sequence[FactVersion], today: date
) -> list[Option]:
    """The repairs that can be asked for, each with its first lawful day; none where a bar has no end."""
    found: list[Option] = []
    for action in card.paths:
        if isinstance(action, Repair):
            for span, code in _closable(action.closes, spans, repaired=card.ends_by_repair):
                day = _first_lawful_day(action, span, facts, today, card)
                if day is not None and (span.last is None or day <= span.last):
                    payload = {"fact_id": str(span.fact.id)} if code == REPAIRED else dict(span.fact.payload)
                    found.append(Option(span.rule.id, span.fact.id, code, day, action.cost, payload))
    return found


def _closable(
    closes: Mapping[str, str], spans: Iterable[RuleSpan], *, repaired: bool = False
) -> Iterator[tuple[RuleSpan, str]]:
    """The spans that a fact of the named code would end, once for each fact; `repaired`: so does a repair."""
    seen: set[UUID] = set()
    for span in spans:
        code = closes.get(span.fact.code)
        if code is None or span.fact.id in seen:
            continue
        if code in span.rule.window.until or (repaired and code == REPAIRED):
            seen.add(span.fact.id)
            yield span, code


def _closed(card: Scorecard, span: RuleSpan, code: str, facts: Iterable[FactVersion], today: date) -> bool:
    """Whether the closing fact is on record already, dated later; a disputed one where the card counts it."""
    match, suspends = span.rule.window.match, card.readings.disputed == "suspend"
    return any(
        row.code == code
        and not (suspends and row.disputed_on(today))
        and row.occurred_on >= span.fact.occurred_on
        and (match is None or row.payload.get(match) == span.fact.payload.get(match))
        for row in facts
    )


def _first_lawful_day(
    action: Repair, span: RuleSpan, facts: Sequence[FactVersion], today: date, card: Scorecard
) -> date | None:
    months = action.months_for(span.fact.occurred_on)
    if months is None:
        return None
    try:
        days = [today]
        if months:
            days.append(add_months(span.fact.occurred_on, months) + _DAY)
        if action.gap_months is not None:
            done = set(action.closes.values())
            days += [
                add_months(row.occurred_on, action.gap_months) + _DAY for row in facts if row.code in done
            ]
        for bar in action.barred_by:
            for row in facts:
                if row.code in bar.codes:
                    last = bar.window.over_after(row.occurred_on, card.readings)
                    if last is None:
                        return None
                    days.append(last + _DAY)
    except (OverflowError, DateOutOfRange):
        return None
    return max(days)
