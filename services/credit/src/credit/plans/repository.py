"""Every select and insert on plans, numbers, and the library of objects."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause, region_prefix
from sqlalchemy import CTE, ColumnElement, Row, and_, false, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.draws.models import Draw
from credit.draws.rules.states import DrawState
from credit.inspections.models import Inspection
from credit.inspections.rules import InspectionState
from credit.subjects.models import Subject
from credit.supervision.models import SupervisionState

from .models import InspectionNumber, Plan, PlanVersion

__all__ = ["NumberRepository", "PlanRepository"]

_OPEN = (InspectionState.ASSIGNED, InspectionState.IN_PROGRESS)


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    if principal.subject_id is not None:
        return false()
    return region_clause(col(Plan.region), principal)


class NumberRepository:
    """Serial numbers without gaps: a transaction that fails gives its number back."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def next(self, series: str, year: int) -> int:
        """The next serial of a series in a year; others of it wait until this transaction ends."""
        query = (
            insert(InspectionNumber)
            .values(series=series, year=year, last=1)
            .on_conflict_do_update(
                index_elements=["series", "year"], set_={"last": col(InspectionNumber.last) + 1}
            )
            .returning(col(InspectionNumber.last))
        )
        return int((await self._session.execute(query)).scalar_one())


class PlanRepository:
    """Plans in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Plan | PlanVersion) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)

    async def find(self, plan_id: UUID, principal: Principal, *, lock: bool = False) -> Plan | None:
        """A plan of the caller's regions."""
        query = select(Plan).where(col(Plan.id) == plan_id, _visible_to(principal))
        if lock:
            query = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self,
        principal: Principal,
        year: int | None,
        state: str | None,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Plan]:
        """`limit + 1` plans of the caller's regions, the newest first."""
        query = select(Plan).where(_visible_to(principal))
        if year is not None:
            query = query.where(col(Plan.year) == year)
        if state is not None:
            query = query.where(col(Plan.state) == state)
        if before is not None:
            query = query.where(col(Plan.id) < before)
        return (
            (await self._session.execute(query.order_by(col(Plan.id).desc()).limit(limit + 1)))
            .scalars()
            .all()
        )

    async def state_of(self, plan_id: UUID) -> str | None:
        """The state of a plan."""
        return await self._session.scalar(select(col(Plan.state)).where(col(Plan.id) == plan_id))

    async def versions(self, plan_id: UUID) -> Sequence[PlanVersion]:
        """Every version of a plan, in order."""
        query = (
            select(PlanVersion).where(col(PlanVersion.plan_id) == plan_id).order_by(col(PlanVersion.version))
        )
        return (await self._session.execute(query)).scalars().all()

    async def task_of(self, plan_id: UUID, version: int, no: str) -> dict[str, Any]:
        """A task as a version of its plan says it."""
        query = select(col(PlanVersion.tasks)).where(
            col(PlanVersion.plan_id) == plan_id, col(PlanVersion.version) == version
        )
        tasks = (await self._session.execute(query)).scalar_one()
        return next(task for task in tasks if task["no"] == no)

    async def draws_of(self, plan_id: UUID) -> dict[str, tuple[UUID, str]]:
        """The draws of a plan that are not void, by task number, as (id, number)."""
        query = select(col(Draw.task_no), col(Draw.id), col(Draw.number)).where(
            col(Draw.plan_id) == plan_id, col(Draw.state) != DrawState.VOID
        )
        rows = (await self._session.execute(query)).all()
        return {row.task_no or "": (row.id, row.number) for row in rows}

    async def objects(
        self,
        principal: Principal,
        region: str,
        kinds: Collection[str],
        tiers: Collection[str],
        status: str | None,
        after: UUID | None,
        limit: int,
    ) -> list[tuple[Subject, str | None]]:
        """`limit + 1` subjects of a region in the caller's regions, as (subject, tier), in order of id."""
        tier = func.coalesce(col(SupervisionState.tier), col(Subject.tier))
        query = (
            select(Subject, tier.label("supervised"))
            .outerjoin(SupervisionState, col(SupervisionState.subject_id) == col(Subject.id))
            .where(
                region_clause(col(Subject.region), principal),
                col(Subject.region).like(f"{region_prefix(region)}%"),
            )
        )
        if kinds:
            query = query.where(col(Subject.kind).in_(kinds))
        if tiers:
            query = query.where(tier.in_(tiers))
        if status is not None:
            query = query.where(col(Subject.status) == status)
        if after is not None:
            query = query.where(col(Subject.id) > after)
        rows = (await self._session.execute(query.order_by(col(Subject.id)).limit(limit + 1))).all()
        return [(row[0], row[1]) for row in rows]

    async def visits(self, subjects: Collection[UUID] | None, since: date) -> Sequence[Row[Any]]:
        """By subject: the last day of a finished visit since `since`, and whether one is open now.

        For all subjects when `subjects` is None. Visits of whoever was merged count as its survivor's.
        """
        is_open = col(Inspection.state).in_(_OPEN)
        records = _records(subjects)
        holder = func.coalesce(records.c.holder, col(Inspection.subject_id))
        query = (
            select(
                holder.label("subject_id"),
                func.max(col(Inspection.finished_on)).label("last"),
                func.bool_or(is_open).label("open"),
                func.bool_or(is_open & (col(Inspection.kind) != "drawn")).label("targeted"),
            )
            .join(records, records.c.record == col(Inspection.subject_id), isouter=subjects is None)
            .where(is_open | (col(Inspection.finished_on) >= since))
            .group_by(holder)
        )
        return (await self._session.execute(query)).all()


def _records(subjects: Collection[UUID] | None) -> CTE:
    """Of each of these subjects all its records: itself and whoever was merged into it (`holder`, `record`).

    None: of each into which anybody was merged and who was not merged itself.
    """
    if subjects is None:
        into = select(col(Subject.merged_into)).where(col(Subject.merged_into).is_not(None))
        clause = and_(col(Subject.id).in_(into), col(Subject.merged_into).is_(None))
    else:
        clause = col(Subject.id).in_(subjects)
    records = (
        select(col(Subject.id).label("holder"), col(Subject.id).label("record"))
        .where(clause)
        .cte("records", recursive=True)
    )
    return records.union_all(
        select(records.c.holder, col(Subject.id)).join(records, col(Subject.merged_into) == records.c.record)
    )
