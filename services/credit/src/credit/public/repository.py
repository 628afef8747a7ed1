"""Every select and insert on replies."""

from collections.abc import Sequence
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, false, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject

from .models import Reply
from .rules import ReplyState

__all__ = ["ReplyRepository"]


def _visible_to(principal: Principal, *, all_of: bool) -> ColumnElement[bool]:
    """What concerns the caller's own subject if it is one, else a subject of the caller's regions.

    `all_of`: the caller sees all about these; who does not, finds what is shown on the public page.
    """
    if not all_of:
        return false()
    if principal.subject_id is not None:
        return col(Subject.id) == principal.subject_id
    return region_clause(col(Subject.region), principal)


class ReplyRepository:
    """Replies in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, reply: Reply) -> None:
        """Queue a reply for the next flush."""
        self._session.add(reply)

    async def find(self, reply_id: UUID, principal: Principal, *, all_of: bool) -> Reply | None:
        """A reply of a subject that the caller may see."""
        query = (
            select(Reply)
            .join(Subject, col(Subject.id) == col(Reply.subject_id))
            .where(col(Reply.id) == reply_id, _visible_to(principal, all_of=all_of))
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def lock(self, reply_id: UUID) -> Reply:
        """A reply that was found, with its row locked, as it is now."""
        query = (
            select(Reply)
            .where(col(Reply.id) == reply_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one()

    async def of_fact(self, fact_id: UUID, state: ReplyState) -> Reply | None:
        """The one reply to a fact that is filed or shown."""
        query = select(Reply).where(col(Reply.fact_id) == fact_id, col(Reply.state) == state)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def shown(self, subject_id: UUID) -> dict[UUID, Reply]:
        """The replies of a subject that are shown, by fact."""
        query = select(Reply).where(col(Reply.subject_id) == subject_id, col(Reply.state) == ReplyState.SHOWN)
        return {reply.fact_id: reply for reply in (await self._session.execute(query)).scalars()}

    async def page(
        self,
        principal: Principal,
        state: ReplyState | None,
        subject_id: UUID | None,
        before: UUID | None,
        limit: int,
        *,
        all_of: bool,
    ) -> Sequence[Reply]:
        """`limit + 1` replies that the caller may see, the newest first."""
        query = (
            select(Reply)
            .join(Subject, col(Subject.id) == col(Reply.subject_id))
            .where(_visible_to(principal, all_of=all_of))
        )
        if state is not None:
            query = query.where(col(Reply.state) == state)
        if subject_id is not None:
            query = query.where(col(Reply.subject_id) == subject_id)
        if before is not None:
            query = query.where(col(Reply.id) < before)
        query = query.order_by(col(Reply.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()
