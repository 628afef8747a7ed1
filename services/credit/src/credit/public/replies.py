"""Use cases of replies: a subject says something beside a record, an officer looks, the public sees it."""

from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.crypto import mask_text
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import Forbidden, InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.errors import FactNotFound
from credit.facts.repository import FactRepository
from credit.facts.rules import Action
from credit.internal import sees_all_of
from credit.paging import cursor_id
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import ReplyNotFound, ReplyRefused
from .models import Reply
from .repository import ReplyRepository
from .rules import ReplyState
from .schemas import ReplyIn, ReplyReviewIn, ReplyView

__all__ = ["ReplyService", "reply_text"]

_CONTEXT = "credit.reply.text"


def reply_text(reply: Reply, env: Environment) -> str:
    """The words of a reply as they are shown: numbers of persons masked."""
    return mask_text(env.keyring.decrypt(reply.text_cipher, context=_CONTEXT))


class ReplyService:
    """Replies of subjects to facts about them."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._replies = ReplyRepository(session)
        self._facts = FactRepository(session)
        self._subjects = SubjectRepository(session)

    async def file(self, actor: Principal, fact_id: UUID, wanted: ReplyIn) -> ReplyView:
        """File a reply to a standing fact about the caller's own subject.

        One that waits for its review is replaced by the new one; one that is shown stays until the new one
        is shown.

        Raises:
            FactNotFound: no such fact, or not about the caller's subject, or it does not stand any more.
            Forbidden: the caller is no subject's own user.
        """
        fact, subject = await self._own(actor, fact_id)
        if fact is None or subject is None:
            raise FactNotFound
        waiting = await self._replies.of_fact(fact_id, ReplyState.FILED)
        if waiting is not None:
            waiting.state = ReplyState.WITHDRAWN
            await self._session.flush()
        reply = Reply(
            id=new_id(),
            fact_id=fact_id,
            subject_id=subject.id,
            text_cipher=self._env.keyring.encrypt(wanted.text, context=_CONTEXT),
            state=ReplyState.FILED,
            filed_by=actor.sub,
            filed_at=self._env.clock.now(),
        )
        self._replies.add(reply)
        await self._session.flush()
        return self.view(reply)

    async def review(self, actor: Principal, reply_id: UUID, wanted: ReplyReviewIn) -> ReplyView:
        """Show a filed reply, in place of the one shown before, or refuse it with a reason.

        Raises:
            ReplyNotFound: not in the caller's regions.
            ReplyRefused: it is not waiting for a review.
            InvalidPayload: a refusal without a reason.
        """
        reply = await self._locked(actor, reply_id)
        if actor.subject_id is not None:
            raise ReplyNotFound
        if reply.state != ReplyState.FILED:
            raise ReplyRefused(state=reply.state)
        if wanted.decision == "refuse" and wanted.reason is None:
            raise InvalidPayload.at("/reason", Text("不予展示须说明理由", "A refusal needs a reason"))
        if wanted.decision == "show":
            shown = await self._replies.of_fact(reply.fact_id, ReplyState.SHOWN)
            if shown is not None:
                shown.state = ReplyState.REPLACED
                await self._session.flush()
        reply.state = ReplyState.SHOWN if wanted.decision == "show" else ReplyState.REFUSED
        reply.reviewed_by, reply.reviewed_at = actor.sub, self._env.clock.now()
        reply.reason = wanted.reason
        await self._session.flush()
        return self.view(reply)

    async def withdraw(self, actor: Principal, reply_id: UUID) -> ReplyView:
        """Take back a reply of the caller's own subject, whether it waits or is shown.

        Raises:
            ReplyNotFound: not the caller's own subject's.
            ReplyRefused: it is neither waiting nor shown.
        """
        reply = await self._locked(actor, reply_id)
        if actor.subject_id is None:
            raise ReplyNotFound
        if reply.state not in (ReplyState.FILED, ReplyState.SHOWN):
            raise ReplyRefused(state=reply.state)
        filed = reply.state == ReplyState.FILED
        reply.state = ReplyState.WITHDRAWN if filed else ReplyState.REPLACED
        await self._session.flush()
        return self.view(reply)

    async def search(
        self,
        actor: Principal,
        state: ReplyState | None,
        subject_id: UUID | None,
        cursor: str | None,
        limit: int,
    ) -> Page[ReplyView]:
        """Replies that the caller may see, the newest first. Raises InvalidPayload for a foreign cursor."""
        every = self._sees(actor)
        rows = await self._replies.page(actor, state, subject_id, cursor_id(cursor), limit, all_of=every)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[self.view(row) for row in items], next_cursor=following)

    def view(self, reply: Reply) -> ReplyView:
        """A reply as it crosses the API."""
        return ReplyView(
            id=reply.id,
            fact_id=reply.fact_id,
            subject_id=reply.subject_id,
            text=reply_text(reply, self._env),
            state=ReplyState(reply.state),
            filed_by=reply.filed_by,
            filed_at=reply.filed_at,
            reviewed_by=reply.reviewed_by,
            reviewed_at=reply.reviewed_at,
            reason=reply.reason,
        )

    def _sees(self, actor: Principal) -> bool:
        return sees_all_of(self._env.rulebook, actor, china_date(self._env.clock.now()))

    async def _own(self, actor: Principal, fact_id: UUID) -> tuple[object | None, Subject | None]:
        if actor.subject_id is None:
            raise Forbidden(Text("只有该主体本人可以提交说明", "Only the subject itself may reply"))
        fact = await self._facts.latest(fact_id)
        if fact is None or fact.action == Action.REVOKE:
            return None, None
        return fact, await self._subjects.lock(fact.subject_id, actor)

    async def _locked(self, actor: Principal, reply_id: UUID) -> Reply:
        seen = await self._replies.find(reply_id, actor, all_of=self._sees(actor))
        if seen is None:
            raise ReplyNotFound
        await self._subjects.lock(seen.subject_id, actor)
        return await self._replies.lock(reply_id)
