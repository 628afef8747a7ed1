"""Every select and insert on parked events."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from .models import ParkedEvent
from .rules import ParkedState

__all__ = ["IntakeRepository"]


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """Events of the caller's regions; one that names no region is for those who see a whole province."""
    if principal.subject_id is not None:
        return false()
    region = col(ParkedEvent.data)["region"].astext
    if any(own.endswith("0000") for own in principal.regions):
        return or_(region.is_(None), region_clause(region, principal))
    return region_clause(region, principal)


class IntakeRepository:
    """Parked events in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, event_id: UUID) -> ParkedEvent | None:
        """A parked event."""
        return await self._session.get(ParkedEvent, event_id)

    async def lock_key(self, key: str) -> None:
        """Let one transaction at a time deal with a subject's key, whether the subject exists yet or not."""
        await self._session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))

    def park(self, event: ParkedEvent) -> None:
        """Keep an event until its subject appears or a person decides."""
        self._session.add(event)

    async def seen(self, event_id: UUID, principal: Principal) -> ParkedEvent | None:
        """A parked event that the caller may see."""
        query = select(ParkedEvent).where(col(ParkedEvent.event_id) == event_id, _visible_to(principal))
        return (await self._session.execute(query)).scalar_one_or_none()

    async def lock(self, event_id: UUID, principal: Principal) -> ParkedEvent | None:
        """A parked event that the caller may see, with its row locked."""
        query = (
            select(ParkedEvent)
            .where(col(ParkedEvent.event_id) == event_id, _visible_to(principal))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self,
        principal: Principal,
        state: ParkedState | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[ParkedEvent]:
        """`limit + 1` parked events that the caller may see, the newest first."""
        query = select(ParkedEvent).where(_visible_to(principal))
        if state is not None:
            query = query.where(col(ParkedEvent.state) == state)
        if before is not None:
            at, event_id = before
            query = query.where(
                or_(
                    col(ParkedEvent.parked_at) < at,
                    and_(col(ParkedEvent.parked_at) == at, col(ParkedEvent.event_id) < event_id),
                )
            )
        query = query.order_by(col(ParkedEvent.parked_at).desc(), col(ParkedEvent.event_id).desc())
        return (await self._session.execute(query.limit(limit + 1))).scalars().all()

    async def waiting_for(self, key: str) -> Sequence[ParkedEvent]:
        """The events waiting for the subject of `key`, oldest first, locked."""
        query = (
            select(ParkedEvent)
            .where(col(ParkedEvent.subject_key) == key, col(ParkedEvent.state) == ParkedState.WAITING)
            .order_by(col(ParkedEvent.event_id))
            .with_for_update()
        )
        return (await self._session.execute(query)).scalars().all()
