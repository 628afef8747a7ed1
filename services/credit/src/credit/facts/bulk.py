"""Recording many facts at once: what another authority hands over."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.auth import Principal
from common.events import publish_many
from common.problems import Problem
from sqlalchemy.ext.asyncio import AsyncSession

from credit.consequences import after_facts
from credit.environment import Environment
from credit.publishing import SERVICE
from credit.scoring.rules.cards import CardBook
from credit.scoring.service import ScoringService
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .models import Fact
from .repository import FactRepository
from .schemas import FactIn
from .service import FactService, Recorded
from .showings import Showings

__all__ = ["FactBulk"]


class FactBulk:
    """The archive taking facts of many subjects in one transaction."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._one = FactService(session, env)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)
        self._scoring = ScoringService(session, env)
        self._showings = Showings(session, env)

    async def record(self, actor: Principal, wanted: Sequence[FactIn | Problem]) -> list[Recorded | Problem]:
        """What became of each: the fact, new or said before, or why it is refused; in their order.

        As `FactService.record` for one after the other, except that a refused one keeps no other from being
        recorded, and that a subject is scored once, with all that was recorded of it. A problem that is given
        is given back.
        """
        now = self._env.clock.now()
        ids = {one.subject_id for one in wanted if isinstance(one, FactIn)}
        subjects = await self._subjects.lock_all(ids, actor)
        book = await self._scoring.cards()
        last: dict[UUID, datetime] = {}
        prepared: list[Fact | Problem] = []
        for one in wanted:
            prepared.append(self._prepared(actor, one, subjects, book, last, now))
        stored = await self._facts.insert_all([fact for fact in prepared if isinstance(fact, Fact)])
        answers = [
            await self._answer(one, fact, subjects, stored)
            for one, fact in zip(wanted, prepared, strict=True)
        ]
        await self._follow([one for one in answers if isinstance(one, Recorded) and one.new], now)
        return answers

    def _prepared(
        self,
        actor: Principal,
        wanted: FactIn | Problem,
        subjects: dict[UUID, Subject],
        book: CardBook,
        last: dict[UUID, datetime],
        now: datetime,
    ) -> Fact | Problem:
        if isinstance(wanted, Problem):
            return wanted
        try:
            subject = self._one.checked(actor, wanted, subjects.get(wanted.subject_id))
            after = last.get(subject.id)
            fact = self._one.prepared(subject, wanted, book, by=actor.sub, now=now, after=after)
        except Problem as problem:
            return problem
        last[subject.id] = fact.recorded_at
        return fact

    async def _answer(
        self,
        wanted: FactIn | Problem,
        fact: Fact | Problem,
        subjects: dict[UUID, Subject],
        stored: set[UUID],
    ) -> Recorded | Problem:
        if isinstance(fact, Problem):
            return fact
        if isinstance(wanted, Problem):
            return wanted
        subject = subjects[fact.subject_id]
        if fact.id in stored:
            return Recorded(fact, subject, True, None)
        try:
            return Recorded(await self._one.said_before(subject, fact, wanted), subject, False, None)
        except Problem as problem:
            return problem

    async def _follow(self, recorded: Sequence[Recorded], now: datetime) -> None:
        """Everything that the stored facts entail. Each subject's row is written once, with its new score."""
        if not recorded:
            return
        with self._session.no_autoflush:
            told = [(one.subject, one.fact) for one in recorded]
            events, rows = await self._showings.recorded_all(told, now)
            await self._facts.put_showings(rows)
            await publish_many(self._session, service=SERVICE, events=events)
        subjects = {one.subject.id: one.subject for one in recorded}
        causes: dict[UUID, list[UUID]] = {}
        for one in recorded:
            causes.setdefault(one.subject.id, []).append(one.fact.id)
        await self._scoring.rescore_all(list(subjects.values()), causes, now)
        await after_facts(self._session, self._env, [(one.subject, one.fact) for one in recorded])
