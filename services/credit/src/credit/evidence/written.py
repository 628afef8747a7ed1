"""What an officer does for a subject rests on the subject's own paper: its number, and the uploaded file."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.problems import InvalidPayload, Problem, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment

from .repository import EvidenceRepository
from .schemas import WrittenRequest
from .service import EvidenceService

__all__ = ["WrittenRequests"]

_FILE = "/request/sha256"


class WrittenRequests:
    """Who may speak for a subject: its own user, or an officer from paper who took no other step."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._evidence = EvidenceService(session, env)
        self._files = EvidenceRepository(session)

    async def check(
        self,
        actor: Principal,
        subjects: Collection[UUID],
        request: WrittenRequest | None,
        *,
        about: UUID,
        since: datetime,
        took_part: Collection[str | None] = (),
        refusal: Callable[[], Problem] | None = None,
    ) -> dict[str, Any] | None:
        """Let the subject's own user act, and an officer enter what the subject handed in, in writing.

        Gives the paper as a step keeps it, so that the second person sees whether the file came from the
        subject's own user or was uploaded by an officer; None where the subject speaks itself.

        `subjects`: whose file it may be; more than one after a merger. `about`: the procedure for which it is
        used up. `since`: when what it answers was there; the file must be newer. `took_part`: who found,
        opened or told what it answers; whoever did cannot enter the answer too.

        Raises:
            InvalidPayload: an officer names no paper, no file of it that is new enough, or one that served in
                another procedure; the subject names one.
            Problem: `refusal`, when the officer took part.
        """
        own = actor.subject_id is not None
        if own == (request is not None):
            raise InvalidPayload.at(
                "/request",
                Text(
                    "经办人只能凭主体的书面材料代办，须写明文号和文件散列值；主体本人提交的不填",
                    "An officer acts only on the subject's paper: its number and its file's hash",
                ),
            )
        if own or request is None:
            return None
        if actor.sub in took_part and refusal is not None:
            raise refusal()
        await self._evidence.check_uploaded(subjects, {_FILE: request.sha256}, since=since)
        files = await self._files.lock_same(subjects, request.sha256)
        if any(file.paper_of not in (None, about) for file in files):
            raise InvalidPayload.at(
                _FILE, Text("此文件已用于另一程序的书面材料", "The file was the paper of another procedure")
            )
        for file in files:
            file.paper_of = about
        return request.model_dump() | {"by_subject": any(file.by_subject for file in files)}
