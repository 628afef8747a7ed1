"""The evidence of an objection: brought by the subject or an officer for it."""

from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.evidence.schemas import EvidenceView
from credit.evidence.service import EvidenceService
from credit.internal import sees_all_of
from credit.subjects.repository import SubjectRepository

from .errors import NotYours, ObjectionNotFound, StepRefused
from .models import Objection
from .repository import ObjectionRepository
from .rules import OPEN, State

__all__ = ["ObjectionFiles"]

ABOUT = "objection"


class ObjectionFiles:
    """Files beside objections."""

    def __init__(self, session: AsyncSession, env: Environment, evidence: EvidenceService) -> None:
        self._env = env
        self._objections = ObjectionRepository(session)
        self._subjects = SubjectRepository(session)
        self._evidence = evidence

    async def attach(
        self, actor: Principal, objection_id: UUID, name: str | None, data: bytes
    ) -> tuple[EvidenceView, bool]:
        """Keep a file with an undecided objection; gives it and whether it is new.

        Raises:
            ObjectionNotFound: not the caller's to see.
            NotYours: neither the subject's own user nor an officer who may write.
            StepRefused: it is decided.
            InvalidPayload, PayloadTooLarge, EvidenceRefused: as for any evidence.
        """
        found = await self._seen(actor, objection_id)
        if actor.subject_id is None and "credit:write" not in actor.scopes:
            raise NotYours
        subject = await self._subjects.lock(found.subject_id, None)
        objection = await self._objections.lock(objection_id)
        if subject is None:
            raise ObjectionNotFound
        if State(objection.state) not in OPEN:
            raise StepRefused(state=objection.state, allowed=[])
        return await self._evidence.attach(subject, (ABOUT, objection_id), name, data, by=actor)

    async def list_of(self, actor: Principal, objection_id: UUID) -> list[EvidenceView]:
        """The files with an objection. Raises ObjectionNotFound."""
        await self._seen(actor, objection_id)
        return await self._evidence.about((ABOUT, objection_id))

    async def _seen(self, actor: Principal, objection_id: UUID) -> Objection:
        every = sees_all_of(self._env.rulebook, actor, china_date(self._env.clock.now()))
        found = await self._objections.find(objection_id, actor, all_of=every)
        if found is None:
            raise ObjectionNotFound
        return found
