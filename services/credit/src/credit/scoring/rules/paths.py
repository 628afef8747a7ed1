"""The cheapest lawful ways from the present grade to the next better one.

A duty still open is part of every path: nobody rises lawfully while leaving it undone. Beyond that a subject
can wait until facts lapse, earn favourable facts within their caps, and ask for repair once the clocks allow
it and no statutory bar runs. Paths are found by playing the engine on the facts that a path would add, so
each promise is one the engine has already kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import combinations, islice
from math import ceil
from uuid import UUID

from credit.facts.rules import Action, FactVersion, known

from .lawful import Option, open_duties, repairs
from .points import PointRule
from .scorecard import Scorecard
from .subject import ScoredSubject
from .timeline import Timeline
from .ways import Earn

__all__ = ["Path", "Step", "find_paths"]

_MOST_EARNED = 12
_MOST_PLANS = 240
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, or to wait for, with the first day on which it can be done."""

    action: str
    rule: str
    earliest: date
    fact_id: UUID | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """`grade` is reached on `on` when all steps are done."""

    grade: str
    on: date
    cost: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """Repairs to ask for and favourable facts to earn, beside the duties."""

    repairs: tuple[Option, ...]
    earned: tuple[tuple[Earn, PointRule, int], ...]

    @property
    def cost(self) -> int:
        return sum(one.cost for one in self.repairs) + sum(earn.cost * n for earn, _, n in self.earned)

    @property
    def steps(self) -> int:
        return len(self.repairs) + sum(n for _, _, n in self.earned)


def find_paths(
    subject: ScoredSubject,
    facts: Iterable[FactVersion],
    today: date,
    known_at: datetime,
    policy: Scorecard,
    later: Sequence[Scorecard] = (),
) -> list[Path]:
    """Ways to the next better grade: least cost first, then the earliest day, then the fewest steps.

    Empty for a subject that is not rated or already has the best grade, and where a direct grade has no end.
    No path costs more than another without being earlier.
    """
    search = _Search(subject, known(facts, known_at), today, known_at, [policy, *later])
    if search.best:
        return []
    found: list[Path] = []
    for plan in islice(search.plans(), _MOST_PLANS):
        path = search.played(plan, min((path.on for path in found), default=None))
        if path is not None:
            found = [other for other in found if (other.cost, other.on) < (path.cost, path.on)]
            found.append(path)
            if path.on == today:
                break
    return sorted(found, key=lambda path: (path.cost, path.on, len(path.steps)))


class _Search:
    """One subject, its present standing, and everything it may do."""

    def __init__(
        self,
        subject: ScoredSubject,
        standing: Sequence[FactVersion],
        today: date,
        known_at: datetime,
        cards: list[Scorecard],
    ) -> None:
        self._subject, self._standing, self._cards = subject, standing, cards
        self._today, self._known_at, self._card = today, known_at, cards[0]
        now = Timeline(standing, cards, subject)
        self._grade = now.on(today).grade
        spans = [span for span in now.spans_on(today) if span.counts_on(today)]
        self._duties = open_duties(self._card, spans, standing, today)
        self._repairs = repairs(self._card, spans, standing, today)
        self._earnings = [
            (action, rule)
            for action in self._card.paths
            if isinstance(action, Earn)
            for rule in self._card.by_code.get(action.code, ())
            if isinstance(rule, PointRule)
        ]

    @property
    def best(self) -> bool:
        """Whether there is nothing to rise to."""
        return self._grade is None or self._card.rank(self._grade) == 0

    def plans(self) -> Iterator[_Plan]:
        """What could be done, the cheapest first; the first plan is to do nothing beside the duties."""
        every = [
            _Plan(chosen, earned)
            for size in range(min(len(self._repairs), 3) + 1)
            for chosen in combinations(self._repairs, size)
            for earned in self._earned()
        ]
        return iter(sorted(every, key=lambda plan: (plan.cost, plan.steps)))

    def _earned(self) -> Iterator[tuple[tuple[Earn, PointRule, int], ...]]:
        """Nothing, so many of one kind, and one kind together with another."""
        yield ()
        singles = [(earn, rule, n) for earn, rule in self._earnings for n in range(1, _useful(rule) + 1)]
        for single in singles:
            yield (single,)
        for first, second in combinations(singles, 2):
            if first[0].code != second[0].code:
                yield first, second

    def played(self, plan: _Plan, before: date | None) -> Path | None:
        """The plan with the first day, earlier than `before`, on which it leads to a better grade."""
        done = [self._fact(n, one.code, one.earliest, one.payload) for n, one in enumerate(self._duties)]
        done += [
            self._fact(100 + n, one.code, one.earliest, one.payload) for n, one in enumerate(plan.repairs)
        ]
        plain = Timeline([*self._standing, *done], self._cards, self._subject)
        ready = max((one.earliest for one in plan.repairs), default=self._today)
        days = [day for day in (self._today, *plain.days_after(self._today)) if day >= ready]
        timelines: dict[tuple[date, ...], Timeline] = {(): plain}
        for day in days:
            if before is not None and day >= before:
                return None
            when = tuple(self._earning_day(rule, day) for _, rule, _ in plan.earned)
            if when not in timelines:
                timelines[when] = Timeline(
                    [*self._standing, *done, *self._earned_facts(plan, when)], self._cards, self._subject
                )
            grade = timelines[when].on(day).grade
            card = plain.card_on(day)
            if grade is None or self._grade not in card.grades:
                continue
            if card.rank(grade) < card.rank(self._grade):
                return Path(grade, day, self._cost(plan), self._steps(plan, plain, day, when))
        return None

    def _cost(self, plan: _Plan) -> int:
        return plan.cost + sum(one.cost for one in self._duties)

    def _steps(self, plan: _Plan, plain: Timeline, day: date, when: tuple[date, ...]) -> tuple[Step, ...]:
        steps = [Step("finish_duty", one.rule, one.earliest, one.fact_id, one.code) for one in self._duties]
        steps += [Step("repair", one.rule, one.earliest, one.fact_id, one.code) for one in plan.repairs]
        acted = {step.fact_id for step in steps}
        steps += [
            Step("wait", span.rule.id, span.last + _DAY, span.fact.id)
            for span in plain.spans_on(self._today)
            if span.counts_on(self._today)
            and span.last is not None
            and span.last < day
            and span.fact.id not in acted
            and not (isinstance(span.rule, PointRule) and _favourable(self._card, span.rule))
        ]
        for (earn, rule, count), on in zip(plan.earned, when, strict=True):
            steps += [Step("earn", rule.id, on, None, earn.code)] * count
        return tuple(steps)

    def _earned_facts(self, plan: _Plan, when: tuple[date, ...]) -> Iterator[FactVersion]:
        number = 200
        for (earn, _, count), on in zip(plan.earned, when, strict=True):
            for _ in range(count):
                yield self._fact(number, earn.code, on, earn.payload)
                number += 1

    def _earning_day(self, rule: PointRule, day: date) -> date:
        """Today if what is earned today still counts on `day`, else `day` itself."""
        over = rule.window.over_after(self._today, self._card.readings)
        return self._today if over is None or over >= day else day

    def _fact(self, number: int, code: str, day: date, payload: object) -> FactVersion:
        content = dict(payload) if isinstance(payload, dict) else {}
        return FactVersion(UUID(int=number), 1, Action.RECORD, code, day, self._known_at, content)


def _useful(rule: PointRule) -> int:
    """How many favourable facts to try: as many as the rule's cap can reward."""
    points = max((abs(points) for points in rule.possible), default=None)
    if rule.cap is None or not points:
        return 3 if rule.cap is None else 1
    return min(_MOST_EARNED, ceil(abs(rule.cap) / points) + rule.free)


def _favourable(card: Scorecard, rule: PointRule) -> bool:
    """Whether the points of a rule are to the subject's good."""
    return all((points > 0) == (card.direction == "higher_better") for points in rule.possible)
