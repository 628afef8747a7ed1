"""Every select and insert on relations."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.subjects.models import Subject

from .models import Relation
from .rules import RelationKind

__all__ = ["RelationRepository"]

_FIRST = aliased(Subject)
_SECOND = aliased(Subject)


def _end(known_at: datetime | None) -> ColumnElement[date | None]:
    """The last day of a relation as known at a moment; today when None."""
    ended = (
        col(Relation.ended_at).is_not(None)
        if known_at is None
        else and_(col(Relation.ended_at).is_not(None), col(Relation.ended_at) <= known_at)
    )
    return case((ended, col(Relation.ended_on)), else_=col(Relation.ends_on))


def _holds(on: date, known_at: datetime | None) -> ColumnElement[bool]:
    end = _end(known_at)
    clause = and_(col(Relation.starts_on) <= on, or_(end.is_(None), end >= on))
    return clause if known_at is None else and_(clause, col(Relation.recorded_at) <= known_at)


class RelationRepository:
    """Relations in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, relation: Relation) -> None:
        """Queue a new relation for the next flush."""
        self._session.add(relation)

    async def find(
        self, relation_id: UUID, principal: Principal | None
    ) -> Row[Relation, Subject, Subject] | None:
        """A relation with both its ends, one of which the caller may see."""
        query = (
            select(Relation, _FIRST, _SECOND)
            .join(_FIRST, col(_FIRST.id) == col(Relation.from_id))
            .join(_SECOND, col(_SECOND.id) == col(Relation.to_id))
            .where(col(Relation.id) == relation_id)
        )
        if principal is not None:
            if principal.subject_id is not None:
                own = principal.subject_id
                query = query.where(or_(col(Relation.from_id) == own, col(Relation.to_id) == own))
            else:
                query = query.where(
                    or_(
                        region_clause(col(_FIRST.region), principal),
                        region_clause(col(_SECOND.region), principal),
                    )
                )
        return (await self._session.execute(query)).one_or_none()

    async def lock(self, relation_id: UUID) -> Relation:
        """A relation locked for writing, as it is now."""
        query = (
            select(Relation)
            .where(col(Relation.id) == relation_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one()

    async def page(
        self,
        subject_id: UUID,
        kind: RelationKind | None,
        on: date | None,
        known_at: datetime,
        before: UUID | None,
        limit: int,
    ) -> Sequence[Row[Relation, Subject, Subject]]:
        """`limit + 1` relations of a subject with both their ends, as known at a moment, newest first."""
        query = (
            select(Relation, _FIRST, _SECOND)
            .join(_FIRST, col(_FIRST.id) == col(Relation.from_id))
            .join(_SECOND, col(_SECOND.id) == col(Relation.to_id))
            .where(
                or_(col(Relation.from_id) == subject_id, col(Relation.to_id) == subject_id),
                col(Relation.recorded_at) <= known_at,
            )
        )
        if kind is not None:
            query = query.where(col(Relation.kind) == kind)
        if on is not None:
            query = query.where(_holds(on, known_at))
        if before is not None:
            query = query.where(col(Relation.id) < before)
        return (await self._session.execute(query.order_by(col(Relation.id).desc()).limit(limit + 1))).all()

    async def of_end(self, end: str, subject_id: UUID, kind: RelationKind) -> Sequence[Relation]:
        """Every relation of a kind that has this subject at one of its ends (`from` or `to`)."""
        column = col(Relation.from_id) if end == "from" else col(Relation.to_id)
        query = select(Relation).where(column == subject_id, col(Relation.kind) == kind)
        return (await self._session.execute(query)).scalars().all()

    async def of_subject(self, subject_id: UUID) -> Sequence[Relation]:
        """Every relation of a subject, oldest first, locked for writing."""
        query = (
            select(Relation)
            .where(or_(col(Relation.from_id) == subject_id, col(Relation.to_id) == subject_id))
            .order_by(col(Relation.id))
            .with_for_update()
        )
        return (await self._session.execute(query)).scalars().all()

    async def standing(
        self,
        subject_id: UUID,
        kinds: Collection[RelationKind],
        on: date,
        known_at: datetime | None = None,
    ) -> Sequence[Relation]:
        """The relations of these kinds that a subject has on a day, oldest first."""
        query = (
            select(Relation)
            .where(
                or_(col(Relation.from_id) == subject_id, col(Relation.to_id) == subject_id),
                col(Relation.kind).in_(sorted(kinds)),
                _holds(on, known_at),
            )
            .order_by(col(Relation.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def branches(self, agency_id: UUID, on: date) -> Sequence[Row[UUID, str, list[str]]]:
        """The branches of an agency on a day: id, name, business scope."""
        query = (
            select(col(Subject.id), col(Subject.name), col(Subject.business_scope))
            .join(Relation, col(Relation.from_id) == col(Subject.id))
            .where(
                col(Relation.to_id) == agency_id,
                col(Relation.kind) == RelationKind.BRANCH_OF,
                _holds(on, None),
            )
            .order_by(col(Subject.id))
        )
        return (await self._session.execute(query)).all()

    async def leads_to(self, kind: RelationKind, start: UUID, goal: UUID) -> bool:
        """Whether standing relations of a kind lead from one subject to another. One asker at a time."""
        await self._session.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(f"relations {kind}", 0)))
        )
        edge = and_(
            col(Relation.kind) == kind, or_(_end(None).is_(None), _end(None) >= col(Relation.starts_on))
        )
        reached = (
            select(col(Relation.to_id).label("id"))
            .where(col(Relation.from_id) == start, edge)
            .cte("reached", recursive=True)
        )
        reached = reached.union(
            select(col(Relation.to_id)).join(reached, col(Relation.from_id) == reached.c.id).where(edge)
        )
        found = select(reached.c.id).where(reached.c.id == goal).limit(1)
        return (await self._session.execute(found)).first() is not None
