"""Use cases of traces: under which names, numbers and accounts somebody without a licence works."""

from uuid import UUID

from common.auth import Principal
from common.db import new_id
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment

from .errors import SubjectMerged, SubjectNotFound, TraceNotFound
from .models import Subject, SubjectTrace
from .personal import masked_trace, trace_columns
from .repository import SubjectRepository
from .rules import UNLICENSED
from .schemas import TraceIn, TraceView

__all__ = ["TraceService"]

_MOST = 100


class TraceService:
    """Traces of provisional subjects and persons."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._subjects = SubjectRepository(session)

    async def add(self, actor: Principal, subject_id: UUID, wanted: TraceIn) -> TraceView:
        """Keep a trace of a subject; the same trace again is the one that stands.

        Raises:
            SubjectNotFound: not the caller's to see.
            SubjectMerged: the subject is another now.
            InvalidPayload: this kind of subject has no traces, or it has a hundred already.
        """
        subject = await self._subject(actor, subject_id)
        if subject.kind not in UNLICENSED:
            raise InvalidPayload.at(
                "/kind",
                Text(
                    "只有待查明主体和自然人登记线索标识", "Only provisional subjects and persons have traces"
                ),
            )
        columns = trace_columns(wanted, self._env.keyring)
        held = await self._subjects.traces_of(subject.id)
        for row in held:
            if (row.kind, row.value_index) == (columns["kind"], columns["value_index"]):
                return masked_trace(row, self._env.keyring)
        if len(held) >= _MOST:
            raise InvalidPayload.at("", Text("线索标识不得超过100条", "At most a hundred traces"))
        trace = SubjectTrace(
            id=new_id(),
            subject_id=subject.id,
            recorded_at=self._env.clock.now(),
            recorded_by=actor.sub,
            **columns,
        )
        self._subjects.add(trace)
        await self._session.flush()
        return masked_trace(trace, self._env.keyring)

    async def list_of(self, actor: Principal, subject_id: UUID) -> list[TraceView]:
        """The traces that stand for a subject, masked, oldest first. Raises SubjectNotFound."""
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        return [masked_trace(row, self._env.keyring) for row in await self._subjects.traces_of(subject_id)]

    async def remove(self, actor: Principal, subject_id: UUID, trace_id: UUID) -> None:
        """Take a wrong trace away; the row stays with who removed it and when.

        Raises:
            SubjectNotFound, TraceNotFound: no such subject or trace, or not the caller's.
        """
        subject = await self._subject(actor, subject_id)
        for row in await self._subjects.traces_of(subject.id):
            if row.id == trace_id:
                row.removed_at, row.removed_by = self._env.clock.now(), actor.sub
                await self._session.flush()
                return
        raise TraceNotFound

    async def _subject(self, actor: Principal, subject_id: UUID) -> Subject:
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        if subject.merged_into is not None:
            raise SubjectMerged(survivor=str(subject.merged_into))
        return subject
