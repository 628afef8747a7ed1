"""Every select and insert on hazards."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, and_, false, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.facts.models import Fact
from credit.inspections.models import Inspection
from credit.subjects.models import Subject

from .models import Hazard, HazardAct
from .rules import HazardState

__all__ = ["HazardRepository"]


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """The authorities of the region, and the subject that has to put it right."""
    if principal.subject_id is not None:
        return col(Hazard.subject_id) == principal.subject_id
    return region_clause(col(Hazard.region), principal) if principal.kind in _AUTHORITIES else false()


def _late(today: date) -> ColumnElement[bool]:
    return and_(
        col(Hazard.state) == HazardState.ORDERED,
        col(Hazard.due_on) < today,
        col(Hazard.overdue_on).is_(None),
    )


_AUTHORITIES = frozenset({"officer", "service"})


class HazardRepository:
    """Hazards in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Hazard) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)

    def note(
        self, hazard: Hazard, act: str, note: str | None, data: dict[str, Any], by: str, now: datetime
    ) -> None:
        """Queue a step of a hazard whose version was counted up for it."""
        self._session.add(
            HazardAct(
                hazard_id=hazard.id,
                version=hazard.version,
                act=act,
                note=note,
                data=data,
                done_by=by,
                done_at=now,
            )
        )

    async def found_with(self, fact_id: UUID) -> Sequence[Hazard]:
        """The hazards found in the inspection that recorded a fact."""
        query = (
            select(Hazard)
            .join(Inspection, col(Inspection.id) == col(Hazard.inspection_id))
            .join(Fact, col(Fact.source_reference) == col(Inspection.number))
            .where(
                col(Fact.id) == fact_id,
                col(Fact.version) == 1,
                col(Fact.source_kind) == "inspection",
                col(Fact.subject_id) == col(Hazard.subject_id),
            )
            .order_by(col(Hazard.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def find(self, hazard_id: UUID, principal: Principal, *, lock: bool = False) -> Hazard | None:
        """A hazard the caller may see."""
        query = select(Hazard).where(col(Hazard.id) == hazard_id, _visible_to(principal))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def inspection_of(self, inspection_id: UUID, subject_id: UUID) -> bool:
        """Whether an inspection is one of this subject."""
        query = select(col(Inspection.id)).where(
            col(Inspection.id) == inspection_id, col(Inspection.subject_id) == subject_id
        )
        return (await self._session.execute(query)).first() is not None

    async def page(
        self,
        principal: Principal,
        state: str | None,
        subject_id: UUID | None,
        overdue_on: date | None,
        before: UUID | None,
        limit: int,
    ) -> list[tuple[Hazard, str]]:
        """`limit + 1` hazards the caller may see with the subject's name, the newest first."""
        query = (
            select(Hazard, col(Subject.name))
            .join(Subject, col(Subject.id) == col(Hazard.subject_id))
            .where(_visible_to(principal))
        )
        if state is not None:
            query = query.where(col(Hazard.state) == state)
        if subject_id is not None:
            query = query.where(col(Hazard.subject_id) == subject_id)
        if overdue_on is not None:
            query = query.where(col(Hazard.state) == HazardState.ORDERED, col(Hazard.due_on) < overdue_on)
        if before is not None:
            query = query.where(col(Hazard.id) < before)
        rows = (await self._session.execute(query.order_by(col(Hazard.id).desc()).limit(limit + 1))).all()
        return [(row[0], row[1]) for row in rows]

    async def late(self, today: date, after: tuple[UUID, UUID] | None, limit: int) -> list[tuple[UUID, UUID]]:
        """Ordered hazards whose day has passed unnoticed so far, as (hazard, subject); nothing is locked."""
        query = select(col(Hazard.id), col(Hazard.subject_id)).where(_late(today))
        if after is not None:
            query = query.where(col(Hazard.id) > after[0])
        query = query.order_by(col(Hazard.id)).limit(limit)
        return [(row.id, row.subject_id) for row in await self._session.execute(query)]

    async def lock_late(self, hazard_id: UUID, today: date) -> Hazard | None:
        """A late hazard, locked after its subject; None when it was noticed or put right meanwhile."""
        query = (
            select(Hazard)
            .where(col(Hazard.id) == hazard_id, _late(today))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def acts_of(self, hazard_id: UUID) -> Sequence[HazardAct]:
        """The steps of a hazard, in order."""
        query = (
            select(HazardAct).where(col(HazardAct.hazard_id) == hazard_id).order_by(col(HazardAct.version))
        )
        return (await self._session.execute(query)).scalars().all()

    async def name_of(self, subject_id: UUID) -> str:
        """The name of a subject as shown."""
        query = select(col(Subject.name)).where(col(Subject.id) == subject_id)
        return (await self._session.execute(query)).scalar_one()

    async def of_campaign(self, campaign_id: UUID) -> list[str]:
        """The states of the hazards that a campaign's inspections found."""
        query = (
            select(col(Hazard.state))
            .join(Inspection, col(Inspection.id) == col(Hazard.inspection_id))
            .where(col(Inspection.campaign_id) == campaign_id)
        )
        return list((await self._session.execute(query)).scalars())
