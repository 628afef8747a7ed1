"""Use cases of keys: a wrong one is corrected by two people, and the history keeps both."""

from uuid import UUID

from common import audit
from common.auth import Principal
from common.db import new_id
from common.problems import InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.exchange.rekeying import Rekeying
from credit.intake.service import IntakeService
from credit.publishing import announce, subject_data

from .errors import (
    KeyCorrectionNotFound,
    KeyCorrectionRefused,
    SubjectExists,
    SubjectMerged,
    SubjectNotFound,
)
from .models import KeyCorrection, Subject
from .personal import checked
from .repository import SubjectRepository
from .rules import KeyState, Kind, check_key
from .schemas import EvidenceRef, KeyCorrectionIn, KeyCorrectionView, KeyDecisionIn

__all__ = ["KeyService"]


class KeyService:
    """Corrections of the keys of subjects.

    The old key stands for nobody afterwards: it may be another business's number, so what comes for it later
    waits for that one.
    """

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._subjects = SubjectRepository(session)

    async def propose(self, actor: Principal, subject_id: UUID, wanted: KeyCorrectionIn) -> KeyCorrectionView:
        """Propose the right key of a subject that has a wrong one; nothing changes until it is confirmed.

        Raises:
            SubjectNotFound, SubjectMerged: not the caller's, or another subject now.
            InvalidPayload: no key of this kind of subject, or the one it has.
            SubjectExists: another subject has that key.
            KeyCorrectionRefused: it has no key yet, or a correction is waiting already.
        """
        subject = await self._locked(actor, subject_id)
        if subject.key is None:
            raise KeyCorrectionRefused(
                Text("该主体尚无代码，请直接补登", "It has no key yet: give it one by changing the subject")
            )
        key = checked("/key", lambda: check_key(Kind(subject.kind), wanted.key))
        if key is None or key == subject.key:
            raise InvalidPayload.at("/key", Text("与现登记代码相同", "This is the key it has"))
        await self._check_free(key, subject)
        waiting = await self._subjects.proposed_key(subject.id)
        if waiting is not None:
            raise KeyCorrectionRefused(
                Text("已有一项更正待确认", "A correction is waiting already"), correction=str(waiting.id)
            )
        row = KeyCorrection(
            id=new_id(),
            subject_id=subject.id,
            old_key=subject.key,
            new_key=key,
            reason=wanted.reason,
            evidence=[item.model_dump(mode="json") for item in wanted.evidence],
            state=KeyState.PROPOSED,
            proposed_at=self._env.clock.now(),
            proposed_by=actor.sub,
        )
        self._subjects.add(row)
        await self._session.flush()
        return _view(row)

    async def confirm(
        self, actor: Principal, subject_id: UUID, correction_id: UUID, wanted: KeyDecisionIn
    ) -> KeyCorrectionView:
        """Give a subject its right key, announce it, and apply what waited for that key.

        What other systems were told under the old key is withdrawn there and sent anew.

        Raises:
            SubjectNotFound, SubjectMerged, KeyCorrectionNotFound: not the caller's, or another subject now.
            SecondPersonNeeded: the caller proposed it.
            KeyCorrectionRefused: it was decided already.
            SubjectExists: another subject has that key by now.
        """
        subject, row = await self._waiting(actor, subject_id, correction_id)
        if row.proposed_by == actor.sub:
            raise SecondPersonNeeded
        await self._check_free(row.new_key, subject)
        self._decide(row, KeyState.CONFIRMED, actor, wanted)
        now = self._env.clock.now()
        subject.key = row.new_key
        subject.version += 1
        subject.updated_at = now
        await self._session.flush()
        await audit.record(
            self._session,
            actor=actor,
            action="subject.key_corrected",
            target=f"subject:{subject.id}",
            purpose=wanted.reason,
            details={"old_key": row.old_key, "new_key": row.new_key, "proposed_by": row.proposed_by},
            now=now,
        )
        await announce(
            self._session, "subject_updated", subject.id, subject.version, subject_data(subject), now
        )
        await Rekeying(self._session, self._env).of(subject, row.old_key)
        await IntakeService(self._session, self._env).settle(subject)
        return _view(row)

    async def refuse(
        self, actor: Principal, subject_id: UUID, correction_id: UUID, wanted: KeyDecisionIn
    ) -> KeyCorrectionView:
        """Refuse a correction, one's own too: the key stays. Raises as `confirm` does."""
        _, row = await self._waiting(actor, subject_id, correction_id)
        self._decide(row, KeyState.REFUSED, actor, wanted)
        await self._session.flush()
        return _view(row)

    async def list_of(self, actor: Principal, subject_id: UUID) -> list[KeyCorrectionView]:
        """How the key of a subject was corrected, oldest first. Raises SubjectNotFound."""
        if await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        return [_view(row) for row in await self._subjects.key_corrections_of(subject_id)]

    async def _locked(self, actor: Principal, subject_id: UUID) -> Subject:
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        if subject.merged_into is not None:
            raise SubjectMerged(survivor=str(subject.merged_into))
        return subject

    async def _waiting(
        self, actor: Principal, subject_id: UUID, correction_id: UUID
    ) -> tuple[Subject, KeyCorrection]:
        subject = await self._locked(actor, subject_id)
        row = await self._subjects.key_correction(subject.id, correction_id)
        if row is None:
            raise KeyCorrectionNotFound
        if row.state != KeyState.PROPOSED:
            raise KeyCorrectionRefused(
                Text("该更正已办结", "It was decided already"), present=row.state, allowed=[]
            )
        return subject, row

    async def _check_free(self, key: str, subject: Subject) -> None:
        if field := await self._subjects.taken(key, None, beside=subject.id):
            raise SubjectExists(field=field)

    def _decide(self, row: KeyCorrection, state: KeyState, actor: Principal, wanted: KeyDecisionIn) -> None:
        row.state, row.decision = state, wanted.reason
        row.decided_at, row.decided_by = self._env.clock.now(), actor.sub


def _view(row: KeyCorrection) -> KeyCorrectionView:
    return KeyCorrectionView(
        **row.model_dump(exclude={"evidence", "state"}),
        evidence=[EvidenceRef(**item) for item in row.evidence],
        state=KeyState(row.state),
    )
