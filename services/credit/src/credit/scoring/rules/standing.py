"""What a card makes of a subject on one day: eligible or not, score, direct grades, actions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from common.calendar import DateOutOfRange, add_months

from .figures import Figure
from .grades import ActionRule, Eligibility, Prerequisite, VetoRule
from .points import PointRule
from .reckoning import Contribution, Part, figure_values, plain, reckoned, total_of
from .scorecard import Scorecard
from .spans import RuleSpan, Span, day_after, holds
from .subject import ScoredSubject

__all__ = ["Called", "Lowered", "Standing", "StandingVeto", "State", "eligible_from", "standing_of"]

State = Literal["rated", "no_card", "not_eligible", "cancelled"]


@dataclass(frozen=True, slots=True)
class StandingVeto:
    """A fact, or a condition with the `facts` behind it, that sets the grade directly."""

    rule: VetoRule
    span: Span[VetoRule] | None
    facts: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Lowered:
    """A grade that the points reached and a prerequisite refused."""

    rule: Prerequisite
    unmet: tuple[str, ...]
    to: str


@dataclass(frozen=True, slots=True)
class Called:
    """An action that a fact or a total calls for."""

    action: str
    rule: ActionRule | PointRule
    span: Span[PointRule] | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Score, grade and vetoes on one day; both None while `state` is not *rated*."""

    state: State
    score: Decimal | None = None
    grade: str | None = None
    contributions: tuple[Contribution, ...] = ()
    vetoes: tuple[StandingVeto, ...] = ()
    parts: tuple[Part, ...] = ()
    lowered: tuple[Lowered, ...] = ()
    actions: tuple[Called, ...] = ()
    lacking: tuple[Span[PointRule], ...] = ()
    because: Eligibility | None = None

    def differs_from(self, other: "Standing") -> bool:
        """Whether state, score, grade or vetoes differ."""
        return (self.state, self.score, self.grade, self._veto_keys()) != (
            other.state,
            other.score,
            other.grade,
            other._veto_keys(),
        )

    def _veto_keys(self) -> frozenset[tuple[str, UUID | None]]:
        return frozenset((veto.rule.id, veto.span.fact.id if veto.span else None) for veto in self.vetoes)


def eligible_from(subject: ScoredSubject, months: int) -> date | None:
    """The first day after so many whole months in business; None if the first day is not known."""
    if subject.licensed_on is None:
        return None
    try:
        return day_after(add_months(subject.licensed_on, months))
    except DateOutOfRange:
        return None


def standing_of(
    card: Scorecard,
    subject: ScoredSubject,
    day: date,
    spans: Sequence[RuleSpan],
    figures: Mapping[str, Sequence[Span[Figure]]],
) -> Standing:
    """The standing on `day`, from every span of the card (those that count are picked here)."""
    suspends = card.readings.disputed == "suspend"

    def counts(span: Span[Any]) -> bool:
        return span.counts_on(day) and not (suspends and span.fact.disputed_on(day))

    names, behind = figure_values(card, figures, counts)
    if card.has_conditions:
        names |= {
            "kind": subject.kind,
            "level": subject.level,
            "scope": list(subject.scope),
            "headcount": subject.headcount,
        }
    for one in card.eligibility:
        if not _eligible(card, one, subject, day, names):
            return Standing("not_eligible", because=one)
    counting = [span for span in spans if counts(span)]
    rules, direct_rules = card.conditional
    held = [rule for rule in rules if holds(card.condition(rule.if_ or ""), names)]
    points = [span for span in counting if isinstance(span.rule, PointRule)]
    contributions, lacking = reckoned(card, points, held, day)
    total = total_of(card, contributions)
    if card.has_conditions:
        given = [item.points for item in contributions]
        names |= {
            "score": plain(total.score),
            "deducted": plain(-sum((p for p in given if p < 0), Decimal(0))),
            "added": plain(sum((p for p in given if p > 0), Decimal(0))),
            "dimensions": {part.id: plain(part.score) for part in total.parts},
        }

    def met(expression: str) -> bool:
        return holds(card.condition(expression), names)

    grade, lowered = _after_prerequisites(card, card.grade_of(total.score), met)
    direct = [span for span in counting if isinstance(span.rule, VetoRule)]
    vetoes = [StandingVeto(span.rule, span, (span.fact.id,)) for span in direct]
    for rule in direct_rules:
        if rule.if_ is not None and met(rule.if_):
            vetoes.append(StandingVeto(rule, None, _facts_behind(card, rule.if_, behind)))
    cancelled = any(veto.rule.effect == "cancel" for veto in vetoes)
    return Standing(
        state="cancelled" if cancelled else "rated",
        score=None if cancelled else total.score,
        grade=None if cancelled else _directed(card, grade, [veto.rule for veto in vetoes]),
        contributions=contributions,
        vetoes=tuple(vetoes),
        parts=total.parts,
        lowered=lowered,
        actions=tuple(_actions(card, contributions, met)),
        lacking=tuple(lacking),
    )


def _eligible(
    card: Scorecard, one: Eligibility, subject: ScoredSubject, day: date, names: Mapping[str, Any]
) -> bool:
    if one.months_in_business is not None:
        first = eligible_from(subject, one.months_in_business)
        if first is None or day < first:
            return False
    return one.if_ is None or holds(card.condition(one.if_), names)


def _after_prerequisites(
    card: Scorecard, grade: str, met: Callable[[str], bool]
) -> tuple[str, tuple[Lowered, ...]]:
    """The grade once prerequisites are asked, and those that refused; a lower grade's own are asked too."""
    refused: list[Lowered] = []
    asked: set[str] = set()
    while grade not in asked:
        asked.add(grade)
        for rule in card.prerequisites:
            if rule.grade != grade:
                continue
            unmet = tuple(need.id for need in rule.needs if not met(need.if_))
            if len(rule.needs) - len(unmet) < rule.needed:
                grade = rule.otherwise or card.grade_below(grade)
                refused.append(Lowered(rule, unmet, grade))
                break
    return grade, tuple(refused)


def _directed(card: Scorecard, grade: str, rules: Sequence[VetoRule]) -> str:
    """The grade after direct grades: raised first, then set, then lowered, then held down."""
    rank = card.rank(grade)

    def ranks(effect: str) -> list[int]:
        return [card.rank(rule.grade) for rule in rules if rule.effect == effect and rule.grade]

    rank = min([rank, *ranks("at_least")])
    if exact := ranks("exactly"):
        rank = max(exact)
    rank += sum(rule.steps or 0 for rule in rules if rule.effect == "lower")
    rank = max([min(rank, len(card.grades) - 1), *ranks("at_best")])
    return card.grades[rank]


def _facts_behind(card: Scorecard, expression: str, behind: Mapping[str, list[UUID]]) -> tuple[UUID, ...]:
    used = card.condition(expression).variables & behind.keys()
    return tuple(sorted({fact for name in used for fact in behind[name]}))


def _actions(
    card: Scorecard, contributions: Sequence[Contribution], met: Callable[[str], bool]
) -> list[Called]:
    called = [
        Called(item.rule.action, item.rule, item.span)
        for item in contributions
        if item.rule.action is not None and not item.free
    ]
    return called + [Called(rule.action, rule, None) for rule in card.actions if met(rule.if_)]
