"""The cheapest lawful ways from the present grade to the next better one.

A duty still open is part of every path: nobody rises lawfully while leaving it undone. Beyond that a subject
can wait until facts lapse and listings end, earn favourable facts within their caps, and ask for repair from
the day that the repair desk names. Paths are found by playing the engine on the facts that a path would add,
so each promise is one the engine has already kept.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from credit.facts.rules import Action, FactVersion, known

from .lawful import Removal, Repairable, open_duties, removals, repairs
from .moves import Plan, chains_on, earnings, is_monotone, plans
from .points import PointRule
from .scorecard import Scorecard
from .spans import RuleSpan
from .subject import ScoredSubject
from .timeline import Timeline

__all__ = ["Path", "Step", "find_paths"]

_MOST_PLANS_A_DAY = 200
_MOST_PLANS = 800
_DAY = timedelta(days=1)
_FIRST_ID = 1 << 127


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, or to wait for, with the first day on which it can be done.

    `code` is the fact that doing it records; a wait has one only where the end of a listing is recorded.
    """

    action: Literal["finish_duty", "repair", "wait", "earn"]
    rule: str
    earliest: date
    fact_id: UUID | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """`grade` is reached on `on` when all steps are done.

    `cheapest`: nothing cheaper reaches it by then. Else the search was cut short, and all that is known is
    that no single repair or earned fact can be left out.
    """

    grade: str
    on: date
    cost: int
    steps: tuple[Step, ...]
    cheapest: bool = True


def find_paths(
    subject: ScoredSubject,
    facts: Iterable[FactVersion],
    today: date,
    known_at: datetime,
    policy: Scorecard,
    later: Sequence[Scorecard] = (),
    repairable: Sequence[Repairable] = (),
) -> list[Path]:
    """Ways to the next better grade: least cost first, then the earliest day, then the fewest steps.

    `repairable` is what the repair desk says of the subject's facts; of others no repair is offered. Empty
    for a subject that is not rated or already has the best grade, and where a direct grade has no end.
    No path costs more than another without being earlier.
    """
    search = _Search(subject, known(facts, known_at), today, known_at, [policy, *later], repairable)
    return sorted(search.paths(), key=lambda path: (path.cost, path.on, len(path.steps)))


class _Search:
    """One subject, its present standing, and everything it may do."""

    def __init__(
        self,
        subject: ScoredSubject,
        standing: Sequence[FactVersion],
        today: date,
        known_at: datetime,
        cards: list[Scorecard],
        repairable: Sequence[Repairable],
    ) -> None:
        self._subject, self._standing, self._cards = subject, standing, cards
        self._today, self._known_at, self._card = today, known_at, cards[0]
        self._now = Timeline(standing, cards, subject)
        self._grade = self._now.on(today).grade
        spans = [span for span in self._now.spans_on(today) if span.counts_on(today)]
        self._duties = open_duties(self._card, spans, standing, today)
        self._duty_cost = sum(one.cost for one in self._duties)
        self._repairs = repairs(self._card, spans, repairable)
        self._removals = removals(self._card, spans, repairable)
        self._earnings = earnings(self._card)
        self._monotone = is_monotone(self._card)
        self._played: dict[object, Timeline] = {}
        self._left = _MOST_PLANS

    def paths(self) -> list[Path]:
        """One path for each day on which less has to be done than on every day before."""
        found: list[Path] = []
        if self._grade is None or self._card.rank(self._grade) == 0:
            return found
        most: int | None = None
        for day in self._days():
            path = self._on(day, most)
            if path is not None:
                found.append(path)
                most = path.cost - self._duty_cost
                if most == 0:
                    break
        return found

    def _days(self) -> list[date]:
        """Today and every later day on which doing something, or nothing, can lead to another grade."""
        days = {self._today, *(one.earliest for one in self._repairs)}
        everything = tuple((one, one.most) for one in self._earnings)
        for removal in self._removals:
            days |= {on for _, on in removal.ends}
            for plan in (Plan(removal), Plan(removal, tuple(self._repairs), everything)):
                timeline = self._timeline(plan, removal.ends, [self._today] * len(plan.earned))
                days.update(timeline.days_after(self._today))
        return sorted(day for day in days if day >= self._today)

    def _on(self, day: date, most: int | None) -> Path | None:
        """The cheapest path that leads to a better grade on `day`, if it costs less than `most`."""
        ways = self._ways_on(day)
        chains = chains_on(self._now.card_on(day), self._repairs, self._now.spans_on(day), day)
        fullest = Plan(
            max(ways, key=lambda way: len(way.by(day))),
            tuple(one for chain in chains for one in chain),
            tuple((one, one.most) for one in self._earnings),
        )
        if self._monotone and self._rises(fullest, day) is None:
            return None
        for tried, plan in enumerate(plans(ways, chains, self._earnings)):
            if most is not None and plan.cost >= most:
                return None
            if tried == _MOST_PLANS_A_DAY or self._left == 0:
                return self._reduced(fullest, ways, day, most)
            self._left -= 1
            grade = self._rises(plan, day)
            if grade is not None:
                return self._path(plan, day, grade, cheapest=True)
        return None

    def _ways_on(self, day: date) -> list[Removal]:
        """For each set of lists that can be left by `day` the cheapest way, the cheapest of all first."""
        ways: dict[frozenset[str], Removal] = {}
        for removal in self._removals:
            ways.setdefault(frozenset(code for code, _ in removal.by(day)), removal)
        return list(ways.values())

    def _rises(self, plan: Plan, day: date) -> str | None:
        """The better grade that the plan gives on `day`; None when it gives none."""
        timeline = self._timeline(plan, plan.removal.by(day), self._earning_days(plan, day))
        grade, card = timeline.on(day).grade, timeline.card_on(day)
        if grade is None or self._grade is None or self._grade not in card.grades:
            return None
        return grade if card.rank(grade) < card.rank(self._grade) else None

    def _reduced(self, fullest: Plan, ways: Sequence[Removal], day: date, most: int | None) -> Path | None:
        """Where there are too many plans to try: everything that can be done, less what is not needed."""
        plan = fullest
        grade = self._rises(plan, day)
        better: Plan | None = plan
        while grade is not None and better is not None:
            plan = better
            better = next((less for less in self._less(plan, ways) if self._rises(less, day)), None)
        grade = self._rises(plan, day)
        if grade is None or (most is not None and plan.cost >= most):
            return None
        return self._path(plan, day, grade, cheapest=False)

    def _less(self, plan: Plan, ways: Sequence[Removal]) -> Iterator[Plan]:
        """The plans that leave out one thing of `plan`."""
        for way in ways:
            if way.cost < plan.removal.cost:
                yield Plan(way, plan.repairs, plan.earned)
        yield from plan.lessened()

    def _path(self, plan: Plan, day: date, grade: str, *, cheapest: bool) -> Path:
        ended, when = plan.removal.by(day), self._earning_days(plan, day)
        timeline = self._timeline(plan, ended, when)
        steps = [Step("finish_duty", one.rule, one.earliest, one.fact_id, one.code) for one in self._duties]
        steps += [Step("repair", one.rule, one.earliest, one.fact_id, one.code) for one in plan.asked]
        acted = {step.fact_id for step in steps}
        steps += [
            self._wait(span, dict(ended))
            for span in timeline.spans_on(self._today)
            if span.counts_on(self._today)
            and span.last is not None
            and span.last < day
            and span.fact.id not in acted
            and not (isinstance(span.rule, PointRule) and _favourable(self._card, span.rule))
        ]
        for (earning, count), on in zip(plan.earned, when, strict=True):
            steps += [Step("earn", earning.rules[0].id, on, None, earning.action.code)] * count
        return Path(grade, day, plan.cost + self._duty_cost, tuple(steps), cheapest)

    def _wait(self, span: RuleSpan, ended: Mapping[str, date]) -> Step:
        """What ends by itself: a period, or a listing, whose end is recorded."""
        over = span.rule.window.over_after(span.fact.occurred_on, self._card.readings)
        for code in span.rule.window.until:
            if code in ended and (over is None or ended[code] <= over):
                return Step("wait", span.rule.id, ended[code], span.fact.id, code)
        return Step("wait", span.rule.id, (span.last or self._today) + _DAY, span.fact.id)

    def _timeline(self, plan: Plan, ended: tuple[tuple[str, date], ...], when: Sequence[date]) -> Timeline:
        """What the facts mean once the plan is done, lists are left and favourable facts earned `when`."""
        repaired = frozenset(one.fact_id for one in plan.repairs)
        earned = tuple(
            (earning.action.code, n, on) for (earning, n), on in zip(plan.earned, when, strict=True)
        )
        key = ended, repaired, earned
        if key not in self._played:
            done: list[tuple[str, date, Mapping[str, Any]]] = [
                *((one.code, one.earliest, one.payload) for one in (*self._duties, *plan.repairs)),
                *((code, on, {}) for code, on in ended),
            ]
            for (earning, count), on in zip(plan.earned, when, strict=True):
                done += [(earning.action.code, on, earning.action.payload)] * count
            facts = [self._fact(n, *one) for n, one in enumerate(done)]
            self._played[key] = Timeline([*self._standing, *facts], self._cards, self._subject)
        return self._played[key]

    def _earning_days(self, plan: Plan, day: date) -> list[date]:
        """For each favourable fact today if it still counts on `day` then, else `day` itself."""
        return [
            self._today if all(self._lasts(rule, day) for rule in earning.rules) else day
            for earning, _ in plan.earned
        ]

    def _lasts(self, rule: PointRule, day: date) -> bool:
        over = rule.window.over_after(self._today, self._card.readings)
        return over is None or over >= day

    def _fact(self, number: int, code: str, day: date, payload: Mapping[str, Any]) -> FactVersion:
        return FactVersion(
            UUID(int=_FIRST_ID + number), 1, Action.RECORD, code, day, self._known_at, dict(payload)
        )


def _favourable(card: Scorecard, rule: PointRule) -> bool:
    """Whether the points of a rule are to the subject's good."""
    return all((points > 0) == (card.direction == "higher_better") for points in rule.possible)
