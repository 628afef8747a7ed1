"""Use case of supervision: the measures in force for one subject today."""

from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.scoring.errors import NoScorecard
from credit.scoring.service import ScoringService
from credit.subjects.errors import SubjectNotFound
from credit.subjects.repository import SubjectRepository

from .rules import measures_in_force
from .schemas import MeasureView, PolicyView, SupervisionView

__all__ = ["SupervisionService"]


class SupervisionService:
    """From grade to measures."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._env, self._language = env, language
        self._subjects = SubjectRepository(session)
        self._scoring = ScoringService(session, env)

    async def of(self, actor: Principal, subject_id: UUID) -> SupervisionView:
        """The measures in force today, computed from today's score, each with its basis and end date.

        A subject that no scorecard grades is supervised as *unrated*. Raises SubjectNotFound.
        """
        subject = await self._subjects.lock(subject_id, actor, shared=True)
        if subject is None:
            raise SubjectNotFound
        today = china_date(self._env.clock.now())
        try:
            result = await self._scoring.evaluate(subject, today, subject.last_recorded_at)
        except NoScorecard:
            result = None
        policy = self._env.rulebook.supervision.choose("tiered-supervision", on=today, region=subject.region)
        measures = policy.of(result.tier if result else None)
        change = result.next_grade_change if result else None
        return SupervisionView(
            subject_id=subject.id,
            valid_at=today,
            rated=result is not None and result.rated,
            grade=result.grade if result else None,
            tier=result.tier if result else None,
            sampling_bp=measures.sampling_bp,
            routine_checks_per_year=measures.routine_checks_per_year,
            measures=[
                MeasureView(
                    code=one.measure.code,
                    name=one.measure.name.render(self._language),
                    because=one.because,
                    legal_basis=one.measure.legal_basis,
                    ends_on=one.ends_on,
                )
                for one in measures_in_force(policy, result)
            ],
            next_grade_change_on=change.on if change else None,
            policy=PolicyView(id=policy.id, version=policy.version, hash=policy.hash, status=policy.status),
        )
