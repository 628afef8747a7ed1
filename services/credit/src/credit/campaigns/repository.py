"""Every select and insert on campaigns."""

from collections.abc import Collection, Sequence
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, false, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from .models import Campaign, CampaignEntry
from .rules import CampaignState

__all__ = ["CampaignRepository"]


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    if principal.subject_id is not None:
        return false()
    return region_clause(col(Campaign.region), principal)


class CampaignRepository:
    """Campaigns in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Campaign | CampaignEntry) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)

    async def find(self, campaign_id: UUID, principal: Principal, *, lock: bool = False) -> Campaign | None:
        """A campaign of the caller's regions."""
        query = select(Campaign).where(col(Campaign.id) == campaign_id, _visible_to(principal))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def is_open_to(self, campaign_id: UUID, principal: Principal) -> bool:
        """Whether checks, talks and visits may be told of it: one of the caller's regions, not given up."""
        campaign = await self.find(campaign_id, principal)
        return campaign is not None and campaign.state != CampaignState.WITHDRAWN

    async def page(
        self, principal: Principal, state: str | None, before: UUID | None, limit: int
    ) -> Sequence[Campaign]:
        """`limit + 1` campaigns of the caller's regions, the newest first."""
        query = select(Campaign).where(_visible_to(principal))
        if state is not None:
            query = query.where(col(Campaign.state) == state)
        if before is not None:
            query = query.where(col(Campaign.id) < before)
        query = query.order_by(col(Campaign.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def of_ids(self, ids: Collection[UUID]) -> Sequence[Campaign]:
        """These campaigns, in order."""
        query = select(Campaign).where(col(Campaign.id).in_(ids)).order_by(col(Campaign.id))
        return (await self._session.execute(query)).scalars().all()

    async def entries(self, campaign_id: UUID) -> Sequence[CampaignEntry]:
        """The reports of progress of a campaign, in order."""
        query = (
            select(CampaignEntry)
            .where(col(CampaignEntry.campaign_id) == campaign_id)
            .order_by(col(CampaignEntry.version))
        )
        return (await self._session.execute(query)).scalars().all()
