"""Every select and insert on papers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, and_, false, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject, of_family

from .models import Paper, PaperSeries

__all__ = ["PaperFilters", "PaperRepository"]

_AUTHORITIES = frozenset({"officer", "service"})


@dataclass(frozen=True, slots=True)
class PaperFilters:
    """What a list of papers is narrowed by."""

    subject_id: UUID | None = None
    about_id: UUID | None = None
    kind: str | None = None


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """A subject's own user sees its papers and those of whoever was merged into it, an authority those of
    its regions, a client what it ordered.
    """
    if principal.subject_id is not None:
        return and_(of_family(col(Paper.subject_id), principal.subject_id), col(Paper.subject_reads))
    if principal.kind in _AUTHORITIES:
        return region_clause(col(Subject.region), principal)
    return col(Paper.issued_by) == principal.sub if principal.kind == "client" else false()


class PaperRepository:
    """Papers in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def next_serial(self, kind: str, year: int, region: str) -> int:
        """The next number of a series, without gaps: the series is locked until the transaction ends."""
        statement = insert(PaperSeries).values(kind=kind, year=year, region=region, last=1)
        given = await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=["kind", "year", "region"], set_={"last": PaperSeries.last + 1}
            ).returning(col(PaperSeries.last))
        )
        serial: int = given.scalar_one()
        return serial

    def add(self, paper: Paper) -> None:
        """Queue a new paper for the next flush."""
        self._session.add(paper)

    async def last_number(self, kind: str, about_id: UUID) -> str | None:
        """The number of the last paper of a kind about a record."""
        query = (
            select(col(Paper.number))
            .where(col(Paper.about_id) == about_id, col(Paper.kind) == kind)
            .order_by(col(Paper.id).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def find(self, paper_id: UUID, principal: Principal) -> Paper | None:
        """A paper the caller may see."""
        query = (
            select(Paper)
            .join(Subject, col(Subject.id) == col(Paper.subject_id))
            .where(col(Paper.id) == paper_id, _visible_to(principal))
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self, principal: Principal, filters: PaperFilters, before: UUID | None, limit: int
    ) -> Sequence[Paper]:
        """`limit + 1` papers the caller may see, the newest first."""
        clauses = [_visible_to(principal)]
        if filters.subject_id is not None:
            clauses.append(col(Paper.subject_id) == filters.subject_id)
        if filters.about_id is not None:
            clauses.append(col(Paper.about_id) == filters.about_id)
        if filters.kind is not None:
            clauses.append(col(Paper.kind) == filters.kind)
        if before is not None:
            clauses.append(col(Paper.id) < before)
        query = (
            select(Paper)
            .join(Subject, col(Subject.id) == col(Paper.subject_id))
            .where(*clauses)
            .order_by(col(Paper.id).desc())
            .limit(limit + 1)
        )
        return (await self._session.execute(query)).scalars().all()
