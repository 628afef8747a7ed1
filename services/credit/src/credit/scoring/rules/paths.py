"""The cheapest lawful ways from the present grade to the next better one.

A duty still open is part of every path: nobody rises lawfully while leaving it undone. Beyond that a subject
can wait until facts lapse and can earn favourable facts within their caps. Paths are found by replaying the
engine on the facts that a path would add, so each promise is one the engine has already kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from uuid import UUID

from common.calendar import add_months

from credit.facts.rules import Action, FactVersion, known

from .engine import ScoredSubject, Standing, Timeline
from .scorecard import Earn, FinishDuty, PointRule, Scorecard

__all__ = ["Path", "Step", "find_paths"]

_MOST_EARNED = 12


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


def find_paths(
    subject: ScoredSubject,
    facts: Iterable[FactVersion],
    today: date,
    known_at: datetime,
    policy: Scorecard,
    later: Sequence[Scorecard] = (),
) -> list[Path]:
    """Ways to the next better grade: least cost first, then the earliest day, then the fewest steps.

    Empty for a subject that is not rated or already has the best grade, and where a veto has no end.
    """
    standing = known(facts, known_at)
    cards = [policy, *later]
    now = Timeline(standing, cards, subject)
    present = now.on(today)
    if present.grade is None or policy.rank(present.grade) == 0:
        return []
    duties, closing, duty_cost = _open_duties(now, today, known_at, policy)
    found: list[Path] = []
    for earn, rule in _earnable(policy):
        for count in _counts(rule):
            if found and found[-1].on == today:
                break
            path = _first_day(
                (standing, closing, cards, subject),
                (today, known_at),
                (earn, rule, count),
                present,
                duties,
                duty_cost,
            )
            if path is not None and all(path.on < other.on for other in found):
                found.append(path)
    return sorted(found, key=lambda path: (path.cost, path.on, len(path.steps)))


def _open_duties(
    timeline: Timeline, today: date, known_at: datetime, policy: Scorecard
) -> tuple[list[Step], list[FactVersion], int]:
    """The duties open today, the facts that would close them, and what that costs."""
    steps: list[Step] = []
    closing: dict[str, FactVersion] = {}
    cost = 0
    for action in policy.paths:
        if not isinstance(action, FinishDuty):
            continue
        for span in timeline.spans_on(today):
            done = action.closes.get(span.fact.code)
            if done is None or not span.counts_on(today) or done not in span.rule.window.until:
                continue
            if span.last is not None:
                continue
            steps.append(Step("finish_duty", span.rule.id, today, span.fact.id, done))
            closing[done] = _imagined(len(closing), done, today, known_at)
            cost += action.cost
    return steps, list(closing.values()), cost


def _earnable(policy: Scorecard) -> list[tuple[Earn | None, PointRule | None]]:
    """What may be earned, each with the rule that rewards it; always including nothing at all."""
    found: list[tuple[Earn | None, PointRule | None]] = []
    for action in policy.paths:
        if isinstance(action, Earn):
            for rule in policy.by_code.get(action.code, ()):
                if isinstance(rule, PointRule):
                    found.append((action, rule))
    return [(None, None), *found]


def _counts(rule: PointRule | None) -> range:
    """How many favourable facts to try: none where nothing is earned, else as many as the cap can reward."""
    if rule is None:
        return range(1)
    most = _MOST_EARNED if rule.cap is None else min(_MOST_EARNED, ceil(rule.cap / (rule.points or rule.cap)))
    return range(1, most + 1)


def _first_day(
    base: tuple[list[FactVersion], list[FactVersion], list[Scorecard], ScoredSubject],
    times: tuple[date, datetime],
    earned: tuple[Earn | None, PointRule | None, int],
    present: Standing,
    duties: list[Step],
    duty_cost: int,
) -> Path | None:
    """The path with exactly `count` earned facts and the first day on which it leads to a better grade."""
    standing, closing, cards, subject = base
    today, known_at = times
    earn, rule, count = earned
    plain = Timeline([*standing, *closing], cards, subject)
    for day in (today, *plain.days_after(today)):
        card = plain.card_on(day)
        facts, when = [*standing, *closing], _earning_day(rule, today, day)
        if earn is not None:
            facts += [_imagined(100 + n, earn.code, when, known_at) for n in range(count)]
        then = Timeline(facts, cards, subject).on(day)
        if then.grade not in card.grades or present.grade not in card.grades:
            return None
        if card.rank(then.grade) < card.rank(present.grade):
            steps = [*duties, *_waits(plain, today, day)]
            if earn is not None and rule is not None:
                steps += [Step("earn", rule.id, when, None, earn.code)] * count
            return Path(then.grade, day, duty_cost + (earn.cost * count if earn else 0), tuple(steps))
    return None


def _earning_day(rule: PointRule | None, today: date, day: date) -> date:
    """Today if what is earned today still counts on `day`, else `day` itself."""
    if rule is None or rule.window.months is None or add_months(today, rule.window.months) >= day:
        return today
    return day


def _waits(timeline: Timeline, today: date, day: date) -> list[Step]:
    """The adverse facts that count today and have lapsed by `day`."""
    return [
        Step("wait", span.rule.id, span.last + timedelta(days=1), span.fact.id)
        for span in timeline.spans_on(today)
        if span.counts_on(today)
        and span.last is not None
        and span.last < day
        and not (isinstance(span.rule, PointRule) and (span.rule.points or 0) > 0)
    ]


def _imagined(number: int, code: str, day: date, known_at: datetime) -> FactVersion:
    return FactVersion(UUID(int=number), 1, Action.RECORD, code, day, known_at)
