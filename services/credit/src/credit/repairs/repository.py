"""Every select and insert on repairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, Row, false, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject, of_family

from .models import Repair, RepairEvent
from .rules import ENDED, State

__all__ = ["RepairFilters", "RepairRepository", "RepairRow"]

RepairRow = Row[Repair, Subject]


@dataclass(frozen=True, slots=True)
class RepairFilters:
    """What a list of applications is narrowed by."""

    subject_id: UUID | None = None
    listing_id: UUID | None = None
    fact_id: UUID | None = None
    state: State | None = None
    due_before: date | None = None


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """A subject sees its own applications and those of whoever was merged into it, an authority those of its
    regions, nobody else any.
    """
    if principal.subject_id is not None:
        return of_family(col(Repair.subject_id), principal.subject_id)
    if principal.kind not in {"officer", "service"}:
        return false()
    return region_clause(col(Subject.region), principal)


class RepairRepository:
    """Applications in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Repair | RepairEvent) -> None:
        """Queue a new row for the next flush."""
        self._session.add(row)

    async def find(self, repair_id: UUID, principal: Principal) -> RepairRow | None:
        """An application the caller may see, with its subject."""
        query = (
            select(Repair, Subject)
            .join(Subject, col(Subject.id) == col(Repair.subject_id))
            .where(col(Repair.id) == repair_id, _visible_to(principal))
        )
        return (await self._session.execute(query)).one_or_none()

    async def lock(self, repair_id: UUID) -> Repair | None:
        """An application with its row locked, as it is now; its subject's row is locked before."""
        query = select(Repair).where(col(Repair.id) == repair_id).with_for_update()
        locked = query.execution_options(populate_existing=True)
        return (await self._session.execute(locked)).scalar_one_or_none()

    async def running(self, listing_id: UUID | None, fact_id: UUID | None) -> UUID | None:
        """The application that runs for a listing or a fact."""
        target = (
            col(Repair.listing_id) == listing_id if listing_id is not None else col(Repair.fact_id) == fact_id
        )
        query = select(col(Repair.id)).where(target, col(Repair.state).not_in(sorted(ENDED)))
        return (await self._session.execute(query.limit(1))).scalar_one_or_none()

    async def last_listing_repaired_on(
        self, subject_ids: Sequence[UUID], beside: UUID | None = None
    ) -> date | None:
        """The day of the last granted repair of a listing of these, other than the one that is being decided.

        The repair of a penalty's publication counts for none: it is not of Order 7.
        """
        query = select(func.max(col(Repair.lifted_on))).where(
            col(Repair.subject_id).in_(subject_ids), col(Repair.listing_id).is_not(None)
        )
        if beside is not None:
            query = query.where(col(Repair.id) != beside)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self, principal: Principal, filters: RepairFilters, before: UUID | None, limit: int
    ) -> Sequence[RepairRow]:
        """`limit + 1` applications the caller may see, the newest first."""
        clauses = [_visible_to(principal)]
        if filters.subject_id is not None:
            clauses.append(col(Repair.subject_id) == filters.subject_id)
        if filters.listing_id is not None:
            clauses.append(col(Repair.listing_id) == filters.listing_id)
        if filters.fact_id is not None:
            clauses.append(col(Repair.fact_id) == filters.fact_id)
        if filters.state is not None:
            clauses.append(col(Repair.state) == filters.state)
        if filters.due_before is not None:
            clauses.append(col(Repair.state).not_in(sorted(ENDED)))
        if before is not None:
            clauses.append(col(Repair.id) < before)
        query = (
            select(Repair, Subject)
            .join(Subject, col(Subject.id) == col(Repair.subject_id))
            .where(*clauses)
            .order_by(col(Repair.id).desc())
            .limit(limit + 1)
        )
        return (await self._session.execute(query)).all()

    async def events_of(self, repair_id: UUID) -> Sequence[RepairEvent]:
        """The steps of an application, in order."""
        query = (
            select(RepairEvent)
            .where(col(RepairEvent.repair_id) == repair_id)
            .order_by(col(RepairEvent.version))
        )
        return (await self._session.execute(query)).scalars().all()
