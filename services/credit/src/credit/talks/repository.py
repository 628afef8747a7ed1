"""Every select and insert on talks and mystery visits."""

from collections.abc import Sequence
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, false, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped
from sqlmodel import col

from .models import MysteryVisit, MysteryVisitWithdrawal, Talk

__all__ = ["TalkRepository"]


def _visible_to(principal: Principal, region: Mapped[str]) -> ColumnElement[bool]:
    if principal.subject_id is not None:
        return false()
    return region_clause(region, principal)


class TalkRepository:
    """Talks and mystery visits in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Talk | MysteryVisit | MysteryVisitWithdrawal) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)

    async def talk(self, talk_id: UUID, principal: Principal, *, lock: bool = False) -> Talk | None:
        """A talk of the caller's regions."""
        query = select(Talk).where(col(Talk.id) == talk_id, _visible_to(principal, col(Talk.region)))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def talks(
        self,
        principal: Principal,
        subject_id: UUID | None,
        campaign_id: UUID | None,
        state: str | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Talk]:
        """`limit + 1` talks of the caller's regions, the newest first."""
        query = select(Talk).where(_visible_to(principal, col(Talk.region)))
        if subject_id is not None:
            query = query.where(col(Talk.subject_id) == subject_id)
        if campaign_id is not None:
            query = query.where(col(Talk.campaign_id) == campaign_id)
        if state is not None:
            query = query.where(col(Talk.state) == state)
        if before is not None:
            query = query.where(col(Talk.id) < before)
        query = query.order_by(col(Talk.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def visit(self, visit_id: UUID, principal: Principal) -> MysteryVisit | None:
        """A mystery visit of the caller's regions."""
        query = select(MysteryVisit).where(
            col(MysteryVisit.id) == visit_id, _visible_to(principal, col(MysteryVisit.region))
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def visits(
        self,
        principal: Principal,
        subject_id: UUID | None,
        campaign_id: UUID | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[MysteryVisit]:
        """`limit + 1` mystery visits of the caller's regions, the newest first."""
        query = select(MysteryVisit).where(_visible_to(principal, col(MysteryVisit.region)))
        if subject_id is not None:
            query = query.where(col(MysteryVisit.subject_id) == subject_id)
        if campaign_id is not None:
            query = query.where(col(MysteryVisit.campaign_id) == campaign_id)
        if before is not None:
            query = query.where(col(MysteryVisit.id) < before)
        query = query.order_by(col(MysteryVisit.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def withdrawals(self, visit_ids: Sequence[UUID]) -> dict[UUID, MysteryVisitWithdrawal]:
        """Those of these visits that were withdrawn."""
        query = select(MysteryVisitWithdrawal).where(col(MysteryVisitWithdrawal.visit_id).in_(visit_ids))
        return {row.visit_id: row for row in await self._session.scalars(query)}

    async def counts_of(self, campaign_id: UUID) -> tuple[list[str], list[str]]:
        """The states of a campaign's talks, and the advices of its mystery visits but for withdrawn ones."""
        talks = await self._session.scalars(
            select(col(Talk.state)).where(col(Talk.campaign_id) == campaign_id)
        )
        visits = await self._session.scalars(
            select(col(MysteryVisit.advice)).where(
                col(MysteryVisit.campaign_id) == campaign_id,
                col(MysteryVisit.id).not_in(select(col(MysteryVisitWithdrawal.visit_id))),
            )
        )
        return list(talks), list(visits)
