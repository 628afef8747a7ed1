"""Every select and insert on the library of inspectors."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from sqlalchemy import ColumnElement, Row, and_, false, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from .models import Inspector, InspectorRecusal

__all__ = ["InspectorRepository"]


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """The library is internal to authorities: no subject sees who may come."""
    if principal.subject_id is not None:
        return false()
    return region_clause(col(Inspector.region), principal)


def _stands_on(day: date) -> ColumnElement[bool]:
    return and_(
        col(InspectorRecusal.from_on) <= day,
        or_(col(InspectorRecusal.to_on).is_(None), col(InspectorRecusal.to_on) >= day),
    )


class InspectorRepository:
    """Inspectors and recusals in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_once(self, inspector: Inspector) -> bool:
        """Store an inspector unless staff id or card number are taken; says whether it is new."""
        query = (
            insert(Inspector)
            .values(**inspector.model_dump())
            .on_conflict_do_nothing()
            .returning(col(Inspector.id))
        )
        return (await self._session.execute(query)).first() is not None

    async def find(self, inspector_id: UUID, principal: Principal, *, lock: bool = False) -> Inspector | None:
        """An inspector of the caller's regions."""
        query = select(Inspector).where(col(Inspector.id) == inspector_id, _visible_to(principal))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def card_taken(self, card_no: str, beside: UUID) -> bool:
        """Whether another inspector has this card number."""
        query = select(col(Inspector.id)).where(
            col(Inspector.card_no) == card_no, col(Inspector.id) != beside
        )
        return (await self._session.execute(query)).first() is not None

    async def page(
        self,
        principal: Principal,
        department: str | None,
        expertise: str | None,
        on_duty: date | None,
        after: UUID | None,
        limit: int,
    ) -> Sequence[Inspector]:
        """`limit + 1` inspectors of the caller's regions, in order of id."""
        query = select(Inspector).where(_visible_to(principal))
        if department is not None:
            query = query.where(col(Inspector.department) == department)
        if expertise is not None:
            query = query.where(col(Inspector.expertise).contains([expertise]))
        if on_duty is not None:
            query = query.where(_on_duty(on_duty))
        if after is not None:
            query = query.where(col(Inspector.id) > after)
        return (
            (await self._session.execute(query.order_by(col(Inspector.id)).limit(limit + 1))).scalars().all()
        )

    async def library(self, region: str, on: date, departments: Collection[str]) -> Sequence[Inspector]:
        """The inspectors on duty in a region, of these departments if any are named, by staff id."""
        query = select(Inspector).where(col(Inspector.region).like(f"{region_prefix(region)}%"), _on_duty(on))
        if departments:
            query = query.where(col(Inspector.department).in_(departments))
        return (await self._session.execute(query.order_by(col(Inspector.staff_id)))).scalars().all()

    async def on_duty(self, staff: Collection[str], region: str, on: date) -> Sequence[Inspector]:
        """Those of these staff ids who are on duty in an area that holds the region."""
        query = select(Inspector).where(col(Inspector.staff_id).in_(staff), _on_duty(on))
        rows = (await self._session.execute(query)).scalars().all()
        return [row for row in rows if region.startswith(region_prefix(row.region))]

    async def by_staff(self, staff: Collection[str]) -> dict[str, Inspector]:
        """Inspectors of the library by staff id."""
        query = select(Inspector).where(col(Inspector.staff_id).in_(staff))
        return {row.staff_id: row for row in (await self._session.execute(query)).scalars()}

    async def recusals_of(self, inspectors: Collection[UUID]) -> Sequence[InspectorRecusal]:
        """All recusals of these inspectors, past ones too, the oldest first."""
        query = (
            select(InspectorRecusal)
            .where(col(InspectorRecusal.inspector_id).in_(inspectors))
            .order_by(col(InspectorRecusal.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def standing(
        self, staff: Collection[str], on: date, subjects: Collection[UUID] | None = None
    ) -> Sequence[Row[str, UUID, str, str]]:
        """The recusals that stand on a day, as (staff id, subject, reason, who noted it)."""
        query = (
            select(
                col(Inspector.staff_id),
                col(InspectorRecusal.subject_id),
                col(InspectorRecusal.reason),
                col(InspectorRecusal.noted_by),
            )
            .join(Inspector, col(Inspector.id) == col(InspectorRecusal.inspector_id))
            .where(col(Inspector.staff_id).in_(staff), _stands_on(on))
        )
        if subjects is not None:
            query = query.where(col(InspectorRecusal.subject_id).in_(subjects))
        return (await self._session.execute(query)).all()

    async def noted_for_others(self, by: str, family: Collection[UUID], on: date, beside: UUID) -> int:
        """How many others a person keeps from a subject, on a day or later; `beside` this inspector.

        Under any of the subject's records.
        """
        query = (
            select(func.count(col(InspectorRecusal.inspector_id).distinct()))
            .select_from(InspectorRecusal)
            .join(Inspector, col(Inspector.id) == col(InspectorRecusal.inspector_id))
            .where(
                col(InspectorRecusal.subject_id).in_(family),
                col(InspectorRecusal.noted_by) == by,
                col(Inspector.staff_id) != by,
                col(Inspector.id) != beside,
                or_(col(InspectorRecusal.to_on).is_(None), col(InspectorRecusal.to_on) >= on),
            )
        )
        return (await self._session.execute(query)).scalar_one()

    async def recusal(self, inspector_id: UUID, recusal_id: UUID) -> InspectorRecusal | None:
        """A recusal of an inspector, locked."""
        query = (
            select(InspectorRecusal)
            .where(col(InspectorRecusal.id) == recusal_id, col(InspectorRecusal.inspector_id) == inspector_id)
            .with_for_update()
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    def add(self, row: InspectorRecusal) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)


def _on_duty(on: date) -> ColumnElement[bool]:
    return and_(
        col(Inspector.active_from) <= on,
        or_(col(Inspector.active_to).is_(None), col(Inspector.active_to) >= on),
    )
