"""The scoring engine: one pure function from known facts to a canonical result.

`score` takes every version of a subject's facts and both times. The same arguments give the same bytes for
ever: facts are folded by `known_at`, ordered by their own content, added exactly, and the result is RFC 8785.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import UUID

import rfc8785
from common.calendar import add_months

from credit.facts.rules import FactVersion, known

from .scorecard import Band, PointRule, Scorecard, VetoRule

__all__ = [
    "Band",
    "Change",
    "Contribution",
    "Score",
    "ScoredSubject",
    "Span",
    "Standing",
    "StandingVeto",
    "Timeline",
    "instant",
    "score",
]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ScoredSubject:
    """What scoring needs to know of a subject; the optional parts matter to cards that ask for them."""

    id: UUID
    kind: str
    region: str
    licensed_on: date | None = None
    level: str | None = None
    scope: tuple[str, ...] = ()
    headcount: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A fact counting under a rule from `first` to `last`, both inside; None: until its duty is done."""

    fact: FactVersion
    rule: PointRule | VetoRule
    first: date
    last: date | None

    def counts_on(self, day: date) -> bool:
        """Whether the fact counts on `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A counted fact with the points it gives (0 when the rule's cap is already used up)."""

    span: Span
    rule: PointRule
    points: Decimal


@dataclass(frozen=True, slots=True)
class StandingVeto:
    """A fact that sets the grade directly."""

    span: Span
    rule: VetoRule


@dataclass(frozen=True, slots=True)
class Standing:
    """Score, grade and vetoes on one day."""

    score: Decimal
    grade: str
    contributions: tuple[Contribution, ...]
    vetoes: tuple[StandingVeto, ...]

    def differs_from(self, other: "Standing") -> bool:
        """Whether score, grade or vetoes differ."""
        return (self.score, self.grade, self._veto_keys()) != (other.score, other.grade, other._veto_keys())

    def _veto_keys(self) -> frozenset[tuple[UUID, str]]:
        return frozenset((veto.span.fact.id, veto.rule.id) for veto in self.vetoes)


class Timeline:
    """What a fixed set of facts means on any day, under the card versions in force on that day."""

    def __init__(self, facts: Sequence[FactVersion], cards: Sequence[Scorecard]) -> None:
        self._cards = sorted(cards, key=lambda card: card.effective_from)
        self._spans = [_spans(card, facts) for card in self._cards]

    def card_on(self, day: date) -> Scorecard:
        """The version in force on `day`: the latest that has begun, else the first."""
        return self._cards[self._index(day)]

    def spans_on(self, day: date) -> list[Span]:
        """Everything the card of that day makes of the facts."""
        return self._spans[self._index(day)]

    def on(self, day: date) -> Standing:
        """Score, grade, contributions and vetoes on `day`."""
        index = self._index(day)
        card, spans = self._cards[index], [s for s in self._spans[index] if s.counts_on(day)]
        contributions: list[Contribution] = []
        used: dict[str, Decimal] = {}
        for span in spans:
            if isinstance(span.rule, PointRule):
                before = used.get(span.rule.id, Decimal(0))
                after = before + (span.rule.points or 0)
                if span.rule.cap is not None:
                    after = min(after, span.rule.cap) if span.rule.cap > 0 else max(after, span.rule.cap)
                used[span.rule.id] = after
                contributions.append(Contribution(span, span.rule, after - before))
        value = card.clamp((card.base + sum(used.values())).quantize(card.quantum, ROUND_HALF_UP))
        vetoes = tuple(StandingVeto(s, s.rule) for s in spans if isinstance(s.rule, VetoRule))
        grade = max((card.grade_of(value), *(veto.rule.grade for veto in vetoes)), key=card.rank)
        return Standing(value, grade, tuple(contributions), vetoes)

    def days_after(self, day: date) -> list[date]:
        """The later days on which anything can change with nothing new recorded."""
        days = {card.effective_from for card in self._cards}
        for spans in self._spans:
            for span in spans:
                days.add(span.first)
                if span.last is not None:
                    days.add(span.last + _DAY)
        return sorted(d for d in days if d > day)

    def _index(self, day: date) -> int:
        begun = [n for n, card in enumerate(self._cards) if card.effective_from <= day]
        return begun[-1] if begun else 0


@dataclass(frozen=True, slots=True)
class Change:
    """What will differ from `on`, with nothing new recorded."""

    on: date
    score: Decimal
    grade: str


@dataclass(frozen=True)
class Score:
    """A score and what led to it. `document` is the API's `result`, `canonical` its RFC 8785 bytes."""

    card: Scorecard
    valid_at: date
    known_at: datetime
    subject: ScoredSubject
    facts: tuple[FactVersion, ...]
    standing: Standing | None
    next_change: Change | None
    next_grade_change: Change | None

    @cached_property
    def inputs_hash(self) -> str:
        """SHA-256 over the RFC 8785 form of the subject and the facts that stood."""
        return _inputs_hash(self.subject, self.facts)

    @property
    def rated(self) -> bool:
        """False for a subject that the card does not grade."""
        return self.standing is not None

    @property
    def value(self) -> Decimal | None:
        """The points, or None when not rated."""
        return self.standing.score if self.standing else None

    @property
    def grade(self) -> str | None:
        """The grade, or None when not rated."""
        return self.standing.grade if self.standing else None

    @property
    def tier(self) -> str | None:
        """The supervision tier of the grade."""
        return self.card.tier_of[self.standing.grade] if self.standing else None

    @cached_property
    def document(self) -> dict[str, Any]:
        """The result as api readers see it."""
        standing = self.standing
        return {
            "score": _number(self.value),
            "grade": self.grade,
            "tier": self.tier,
            "rated": self.rated,
            "contributions": [_contribution(c) for c in standing.contributions] if standing else [],
            "vetoes": [_veto(v) for v in standing.vetoes] if standing else [],
            "next_change": self.next_change
            and {
                "on": self.next_change.on.isoformat(),
                "score": _number(self.next_change.score),
                "grade": self.next_change.grade,
            },
            "next_grade_change": self.next_grade_change
            and {"on": self.next_grade_change.on.isoformat(), "grade": self.next_grade_change.grade},
            "policy": {
                "id": self.card.id,
                "version": self.card.version,
                "hash": self.card.hash,
                "status": self.card.status,
                "readings": self.card.readings.model_dump(),
            },
            "inputs_hash": self.inputs_hash,
            "valid_at": self.valid_at.isoformat(),
            "known_at": instant(self.known_at),
        }

    @cached_property
    def canonical(self) -> bytes:
        """RFC 8785 bytes of `document`."""
        return rfc8785.dumps(self.document)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of `canonical`, lower-case hex."""
        return sha256(self.canonical).hexdigest()


def score(
    subject: ScoredSubject,
    facts: Iterable[FactVersion],
    valid_at: date,
    known_at: datetime,
    policy: Scorecard,
    later: Sequence[Scorecard] = (),
) -> Score:
    """Score one subject for the day `valid_at`, with what was known at `known_at`.

    `facts` are all versions of the subject's facts in any order; `policy` is the card in force on `valid_at`,
    `later` are its already published versions that begin afterwards (they only matter for the next change).
    Periods follow Articles 201 and 202 of the Civil Code: the corresponding day is the last one inside.
    """
    standing = tuple(known(facts, known_at))
    if subject.kind not in policy.kinds:
        return Score(policy, valid_at, known_at, subject, standing, None, None, None)
    timeline = Timeline(standing, [policy, *later])
    now = timeline.on(valid_at)
    next_change = next_grade = None
    for day in timeline.days_after(valid_at):
        then = timeline.on(day)
        if next_change is None and then.differs_from(now):
            next_change = Change(day, then.score, then.grade)
        if then.grade != now.grade:
            next_grade = Change(day, then.score, then.grade)
            break
    return Score(policy, valid_at, known_at, subject, standing, now, next_change, next_grade)


def instant(moment: datetime) -> str:
    """An instant as it stands in results: UTC with microseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _spans(card: Scorecard, facts: Sequence[FactVersion]) -> list[Span]:
    """Each (fact, rule) with its days, ordered by day, fact and rule: the order in which caps are used up."""
    days_of: dict[str, list[date]] = {}
    for fact in facts:
        days_of.setdefault(fact.code, []).append(fact.occurred_on)
    spans = []
    for fact in facts:
        for rule in card.by_code.get(fact.code, ()):
            last = _last_day(fact.occurred_on, rule, days_of)
            if last is None or last >= fact.occurred_on:
                spans.append(Span(fact, rule, fact.occurred_on, last))
    return sorted(spans, key=lambda span: (span.first, span.fact.id, span.rule.id))


def _last_day(first: date, rule: PointRule | VetoRule, days_of: dict[str, list[date]]) -> date | None:
    ends = []
    if rule.window.months is not None:
        ends.append(add_months(first, rule.window.months))
    closed = [day for code in rule.window.until for day in days_of.get(code, ()) if day >= first]
    if closed:
        ends.append(min(closed) - _DAY)
    return min(ends, default=None)


def _inputs_hash(subject: ScoredSubject, facts: Iterable[FactVersion]) -> str:
    inputs: dict[str, Any] = {
        "subject": {"id": str(subject.id), "kind": subject.kind},
        "facts": [
            {
                "id": str(fact.id),
                "version": fact.version,
                "code": fact.code,
                "occurred_on": fact.occurred_on.isoformat(),
                "payload": dict(fact.payload),
            }
            for fact in facts
        ],
    }
    return sha256(rfc8785.dumps(inputs)).hexdigest()


def _contribution(item: Contribution) -> dict[str, Any]:
    if item.points == 0:
        effect = "该项已达上限，不再计分"
    else:
        effect = f"{'加' if item.points > 0 else '扣'}{_number(abs(item.points))}分"
    return {
        "fact_id": str(item.span.fact.id),
        "rule": item.rule.id,
        "points": _number(item.points),
        "reason": f"{item.rule.reason.zh}（{item.span.first.isoformat()}），{effect}",
        "legal_basis": item.rule.legal_basis,
        "expires_on": item.span.last.isoformat() if item.span.last else None,
    }


def _veto(item: StandingVeto) -> dict[str, Any]:
    return {
        "fact_id": str(item.span.fact.id),
        "rule": item.rule.id,
        "grade": item.rule.grade,
        "reason": f"{item.rule.reason.zh}（{item.span.first.isoformat()}）",
        "legal_basis": item.rule.legal_basis,
        "expires_on": item.span.last.isoformat() if item.span.last else None,
    }


def _number(value: Decimal | None) -> int | float | None:
    """A Decimal as the JSON number that reads the same."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
