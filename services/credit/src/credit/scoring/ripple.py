"""What a subject's grades would have been without one fact, from the moment it was known until today.

Where the fact was amended, as if the amended content had stood from the start. What rested on it goes along
(`along`): facts that were recorded only because of a revoked one are taken away (None), those that were put
right with it count as they stand now.

The subject's time is walked from turn to turn: every published grade, every moment at which anything was
recorded, and every day on which the grade without the fact would have changed by the calendar alone. Nothing
published is altered; what differs is listed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from types import MappingProxyType
from uuid import UUID

from common.clock import CHINA, china_date
from common.problems import Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import Action, FactVersion
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import NoScorecard
from .models import PublishedGrade
from .repository import ScoringRepository
from .rules import Score, score
from .service import ScoringService

__all__ = ["Along", "GradeRipple", "Otherwise", "Turn", "Where", "told", "without"]

_PAGE = 100
Where = tuple[date, datetime]
"""A place in a subject's time: the day, and the moment of knowledge."""
Along = Mapping[UUID, FactVersion | None]
"""Facts by what stands instead of each; None: nothing."""
_NONE: Along = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Otherwise:
    """Grade and tier as they were and as they would have been without the fact; None where not rated."""

    grade: str | None
    tier: str | None
    would_grade: str | None
    would_tier: str | None
    next_on: date | None = None
    through: bool = False
    """Whether the fact made this difference by what rested on it, not by itself."""

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

    @property
    def at(self) -> datetime:
        """The instant: of the publication, of the record, or the first of the day."""
        if self.published is not None:
            return self.published.published_at
        return max(self.where[1], datetime.combine(self.where[0], time(), CHINA))


class GradeRipple:
    """Recomputes grades without a fact."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._grades = ScoringRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._scoring = ScoringService(session, env)

    async def affected_by(self, subject_id: UUID, fact_id: UUID, since: datetime) -> list[Affected]:
        """Every published grade that would have been otherwise, and every span of days beside them.

        Places in the past are reckoned as they were known, so nothing needs to be locked.
        """
        subject = await self._subjects.find_any(subject_id)
        found: list[Affected] = []
        after: Where | None = None
        while subject is not None:
            part, after = await self.walk(subject, fact_id, since, after, _PAGE)
            found += [one for turn, outcome in part for one in told(turn, outcome)]
            if after is None:
                break
        return found

    async def walk(
        self,
        subject: Subject,
        fact_id: UUID,
        since: datetime,
        after: Where | None,
        limit: int,
        along: Along = _NONE,
    ) -> tuple[list[tuple[Turn, Otherwise]], Where | None]:
        """The next `limit` turns behind `after`: those that differ, and where to go on (None: the end)."""
        turns = await self.turns(subject, since)
        instead = await self.amended(subject.id, fact_id)
        before: Otherwise | None = None
        if after is not None:
            before = await self.at(subject, fact_id, after, instead, along)
            turns = [turn for turn in turns if turn.where > after]
            turns = _with_next(before, after, turns, self._today())
        found: list[tuple[Turn, Otherwise]] = []
        for done in range(limit):
            if not turns:
                return found, None
            turn, *turns = turns
            outcome = await self.at(subject, fact_id, turn.where, instead, along)
            if outcome.differs and (turn.published is not None or not outcome.same_as(before)):
                found.append((turn, outcome))
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

    async def at(
        self,
        subject: Subject,
        fact_id: UUID,
        where: Where,
        instead: FactVersion | None = None,
        along: Along = _NONE,
    ) -> Otherwise:
        """The grade there as it was reckoned, and with `instead` of the fact (None: without it)."""
        valid_at, known_at = where
        try:
            was = await self._scoring.evaluate(subject, valid_at, known_at=known_at)
        except NoScorecard:
            return Otherwise(None, None, None, None)
        alone = would = without(was, {fact_id: instead})
        if any(fact.id in along for fact in was.facts):
            would = without(was, {**along, fact_id: instead})
        following = would.next_grade_change
        return Otherwise(
            was.grade,
            was.tier,
            would.grade,
            would.tier,
            following.on if following else None,
            through=(alone.grade, alone.tier) != (would.grade, would.tier),
        )

    async def counts(self, subject: Subject, code: str) -> bool:
        """Whether the card that grades a subject today counts facts of a code."""
        try:
            result = await self._scoring.present(subject, self._today())
        except NoScorecard:
            return False
        return code in result.card.codes

    async def _published(self, subject_id: UUID, since: datetime) -> Sequence[PublishedGrade]:
        found: list[PublishedGrade] = []
        below: int | None = None
        while True:
            rows = await self._grades.page(subject_id, below, _PAGE)
            found += [row for row in rows[:_PAGE] if row.known_at >= since]
            if len(rows) <= _PAGE or rows[_PAGE].known_at < since:
                return found
            below = rows[_PAGE - 1].version

    async def amended(self, subject_id: UUID, fact_id: UUID) -> FactVersion | None:
        """What now stands instead of the fact's old content; None when it stands no more."""
        rows = [row for row in await self._facts.versions_of(subject_id) if row.id == fact_id]
        latest = max(rows, key=lambda row: row.version, default=None)
        return latest if latest is not None and latest.action is Action.AMEND else None

    def _today(self) -> date:
        return china_date(self._env.clock.now())


def without(was: Score, wrong: Along) -> Score:
    """A result as it would have been with other facts instead of those that are wrong."""
    found = {fact.id for fact in was.facts} & wrong.keys()
    facts = [fact for fact in was.facts if fact.id not in wrong]
    right = [row for one, row in wrong.items() if one in found and row is not None]
    facts += [replace(row, recorded_at=was.known_at) for row in right]
    return score(was.subject, facts, was.valid_at, was.known_at, was.card)


def _with_next(outcome: Otherwise, where: Where, turns: list[Turn], today: date) -> list[Turn]:
    """The turns ahead, with the day on which the grade without the fact changes by itself before them."""
    following = outcome.next_on
    if following is None or following > today or (turns and following >= turns[0].where[0]):
        return turns
    return [Turn((following, where[1])), *turns]


def told(turn: Turn, outcome: Otherwise) -> list[Affected]:
    """A turn that differs, in the words of an objection: the grade, and the tier where that differs too."""
    grade = turn.published
    if grade is not None:
        number: str | None = str(grade.version)
        what = Text(f"第 {grade.version} 次发布的等级", f"grade number {grade.version} as it was published")
    else:
        number, day = None, turn.where[0].isoformat()
        what = Text(f"自 {day} 起仍按原等级管理", f"from {day} on still managed by the grade it had")
    found = [Affected("grade", None, number, turn.at, what, outcome.grade, outcome.would_grade)]
    if outcome.tier != outcome.would_tier:
        found.append(
            Affected(
                "tier",
                None,
                number,
                turn.at,
                Text("由该等级确定的监管分级", "the supervision tier that followed from it"),
                outcome.tier,
                outcome.would_tier,
            )
        )
    return found
