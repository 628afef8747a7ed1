"""What a subject's grades would have been without one fact, from the moment it was known until today.

The subject's time is walked from turn to turn: every published grade, every moment at which anything was
recorded, and every day on which the grade without the fact would have changed by the calendar alone. Nothing
published is altered; what differs is listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from common.clock import CHINA, china_date
from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import NoScorecard
from .models import PublishedGrade
from .repository import ScoringRepository
from .rules import Score, score
from .service import ScoringService

__all__ = ["GradeRipple", "Otherwise", "Turn", "Where"]

_PAGE = 100
Where = tuple[date, datetime]
"""A place in a subject's time: the day, and the moment of knowledge."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Grade and tier as they were and as they would have been without the fact; None where not rated."""

    grade: str | None
    tier: str | None
    would_grade: str | None
    would_tier: str | None
    next_on: date | None = None

    @property
    def differs(self) -> bool:
        """Whether the fact made a difference."""
        return (self.grade, self.tier) != (self.would_grade, self.would_tier)

    def same_as(self, other: "Otherwise | None") -> bool:
        """Whether grades and tiers are those of `other`."""
        return other is not None and self._outcome == other._outcome

    @property
    def _outcome(self) -> tuple[str | None, str | None, str | None, str | None]:
        return (self.grade, self.tier, self.would_grade, self.would_tier)


@dataclass(frozen=True, slots=True)
class Turn:
    """A place at which the grade may turn, with the grade that was published there if one was."""

    where: Where
    published: PublishedGrade | None = None


class GradeRipple:
    """Recomputes grades without a fact."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._grades = ScoringRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._scoring = ScoringService(session, env)

    async def affected_by(self, subject_id: UUID, fact_id: UUID, since: datetime) -> list[Affected]:
        """Every published grade that would have been otherwise, and every span of days beside them."""
        subject = await self._subjects.lock(subject_id, None, shared=True)
        found: list[Affected] = []
        after: Where | None = None
        while subject is not None:
            part, after = await self.walk(subject, fact_id, since, after, _PAGE)
            found += part
            if after is None:
                break
        return found

    async def walk(
        self, subject: Subject, fact_id: UUID, since: datetime, after: Where | None, limit: int
    ) -> tuple[list[Affected], Where | None]:
        """The next `limit` turns behind `after`: what differs there, and where to go on (None: the end)."""
        turns = await self.turns(subject, since)
        before: Otherwise | None = None
        if after is not None:
            before = await self.at(subject, fact_id, after)
            turns = [turn for turn in turns if turn.where > after]
            turns = _with_next(before, after, turns, self._today())
        found: list[Affected] = []
        for done in range(limit):
            if not turns:
                return found, None
            turn, *turns = turns
            outcome = await self.at(subject, fact_id, turn.where)
            if outcome.differs and (turn.published is not None or not outcome.same_as(before)):
                found += _told(turn, outcome)
            before = outcome
            turns = _with_next(outcome, turn.where, turns, self._today())
            if done == limit - 1 and turns:
                return found, turn.where
        return found, None

    async def turns(self, subject: Subject, since: datetime) -> list[Turn]:
        """Where a grade was published or something recorded from `since` on, in order."""
        recorded = {
            (china_date(row.recorded_at), row.recorded_at)
            for row in await self._facts.versions_of(subject.id)
            if row.recorded_at >= since
        }
        turns = {where: Turn(where) for where in recorded}
        for grade in await self._published(subject.id, since):
            where = (grade.valid_at, grade.known_at)
            turns[where] = Turn(where, grade)
        return [turns[where] for where in sorted(turns)]

    async def at(self, subject: Subject, fact_id: UUID, where: Where) -> Otherwise:
        """The grade there as it was reckoned, and without the fact."""
        valid_at, known_at = where
        try:
            was = await self._scoring.evaluate(subject, valid_at, known_at)
        except NoScorecard:
            return Otherwise(None, None, None, None)
        would = _without(was, fact_id)
        following = would.next_grade_change
        return Otherwise(was.grade, was.tier, would.grade, would.tier, following.on if following else None)

    async def _published(self, subject_id: UUID, since: datetime) -> Sequence[PublishedGrade]:
        found: list[PublishedGrade] = []
        below: int | None = None
        while True:
            rows = await self._grades.page(subject_id, below, _PAGE)
            found += [row for row in rows[:_PAGE] if row.known_at >= since]
            if len(rows) <= _PAGE or rows[_PAGE].known_at < since:
                return found
            below = rows[_PAGE - 1].version

    def _today(self) -> date:
        return china_date(self._env.clock.now())


def _without(was: Score, fact_id: UUID) -> Score:
    facts = [fact for fact in was.facts if fact.id != fact_id]
    return score(was.subject, facts, was.valid_at, was.known_at, was.card)


def _with_next(outcome: Otherwise, where: Where, turns: list[Turn], today: date) -> list[Turn]:
    """The turns ahead, with the day on which the grade without the fact changes by itself before them."""
    following = outcome.next_on
    if following is None or following > today or (turns and following >= turns[0].where[0]):
        return turns
    return [Turn((following, where[1])), *turns]


def _told(turn: Turn, outcome: Otherwise) -> list[Affected]:
    valid_at, known_at = turn.where
    grade = turn.published
    if grade is not None:
        at, number = grade.published_at, str(grade.version)
        what = Text(f"第 {grade.version} 次发布的等级", f"grade number {grade.version} as it was published")
    else:
        starts = datetime.combine(valid_at, time(), CHINA)
        at, number = max(known_at, starts), None
        what = Text(
            f"自 {valid_at.isoformat()} 起仍按原等级管理",
            f"from {valid_at.isoformat()} on still managed by the grade it had",
        )
    found = [Affected("grade", None, number, at, what, outcome.grade, outcome.would_grade)]
    if outcome.tier != outcome.would_tier:
        found.append(
            Affected(
                "tier",
                None,
                number,
                at,
                Text("由该等级确定的监管分级", "the supervision tier that followed from it"),
                outcome.tier,
                outcome.would_tier,
            )
        )
    return found
