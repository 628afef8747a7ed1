"""The ways to a better grade: where scoring and the repair desk meet."""

from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.repository import FactRepository
from credit.facts.rules import known
from credit.internal import check_internal
from credit.repairs.prospects import Prospects
from credit.subjects.errors import SubjectMerged, SubjectNotFound
from credit.subjects.repository import SubjectRepository

from .grading import Grading, known_until
from .rules import find_paths
from .rules.spans import rule_spans
from .rules.ways import Repair
from .schemas import PathView, StepView
from .service import ScoringService

__all__ = ["PathService"]


class PathService:
    """Paths of one subject."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._grading = Grading(session, env)
        self._scoring = ScoringService(session, env)
        self._prospects = Prospects(session, env)

    async def paths(self, actor: Principal, subject_id: UUID) -> list[PathView]:
        """The cheapest lawful ways to the next better grade, from today; none when it is the best already.

        Whether and when something can be repaired is the repair desk's answer.

        Raises:
            SubjectNotFound: not the caller's to see.
            SubjectMerged: it is another subject now.
            NoScorecard: no card grades this kind.
            Forbidden: as for a score.
        """
        check_internal(self._env.rulebook, actor, china_date(self._env.clock.now()))
        subject = await self._subjects.lock(subject_id, actor, shared=True)
        if subject is None:
            raise SubjectNotFound
        if subject.merged_into is not None:
            raise SubjectMerged(survivor=str(subject.merged_into))
        today = china_date(self._env.clock.now())
        moment = known_until(subject, await self._scoring.cards())
        scored = await self._grading.as_known(subject, moment)
        schedule = await self._scoring.schedule_of(scored, today, moment)
        versions = await self._facts.versions_of(subject.id)
        spans = rule_spans(schedule.card, known(versions, moment))
        codes = {code for one in schedule.card.paths if isinstance(one, Repair) for code in one.closes}
        wanted = {s.fact.id: s.fact for s in spans if s.fact.code in codes and s.counts_on(today)}
        repairable = await self._prospects.of(subject.id, list(wanted.values()))
        found = find_paths(scored, versions, today, moment, schedule.card, schedule.later, repairable)
        return [
            PathView(
                grade=path.grade,
                on=path.on,
                cost=path.cost,
                cheapest=path.cheapest,
                steps=[
                    StepView(
                        action=step.action,
                        fact_id=step.fact_id,
                        code=step.code,
                        rule=step.rule,
                        earliest=step.earliest,
                    )
                    for step in path.steps
                ],
            )
            for path in found
        ]
