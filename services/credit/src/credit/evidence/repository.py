"""Every select and insert on evidence."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.subjects.models import Subject

from .models import Evidence, EvidenceChunk

__all__ = ["EvidenceRepository"]


def _visible_to(principal: Principal) -> ColumnElement[bool]:
    """What concerns the caller's own subject if it is one, else a subject of the caller's regions."""
    if principal.subject_id is not None:
        return col(Subject.id) == principal.subject_id
    return region_clause(col(Subject.region), principal)


class EvidenceRepository:
    """Files of evidence in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Evidence | EvidenceChunk) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)

    async def same(self, about_kind: str, about_id: UUID, sha256: str) -> Evidence | None:
        """The same bytes about the same thing."""
        query = select(Evidence).where(
            col(Evidence.about_kind) == about_kind,
            col(Evidence.about_id) == about_id,
            col(Evidence.sha256) == sha256,
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def about(self, about_kind: str, about_id: UUID) -> Sequence[Evidence]:
        """All files about one thing, in order of arrival."""
        query = (
            select(Evidence)
            .where(col(Evidence.about_kind) == about_kind, col(Evidence.about_id) == about_id)
            .order_by(col(Evidence.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def hashes_of(
        self, subject_ids: Collection[UUID], hashes: Collection[str], since: datetime | None = None
    ) -> set[str]:
        """Which of these hashes are of a file of one of the subjects, whatever it is about.

        With `since` only those of which no file of theirs was there before.
        """
        query = (
            select(col(Evidence.sha256))
            .where(col(Evidence.subject_id).in_(subject_ids), col(Evidence.sha256).in_(list(hashes)))
            .group_by(col(Evidence.sha256))
        )
        if since is not None:
            query = query.having(func.min(col(Evidence.uploaded_at)) >= since)
        return set((await self._session.execute(query)).scalars())

    async def lock_same(self, subject_ids: Collection[UUID], sha256: str) -> Sequence[Evidence]:
        """Every file of these bytes of one of the subjects, locked."""
        query = (
            select(Evidence)
            .where(col(Evidence.subject_id).in_(subject_ids), col(Evidence.sha256) == sha256)
            .order_by(col(Evidence.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def find(self, evidence_id: UUID, principal: Principal) -> Evidence | None:
        """A file about a subject that the caller may see."""
        query = (
            select(Evidence)
            .join(Subject, col(Subject.id) == col(Evidence.subject_id))
            .where(col(Evidence.id) == evidence_id, _visible_to(principal))
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def chunks(self, evidence_id: UUID) -> Sequence[bytes]:
        """The encrypted pieces of a file, in order."""
        query = (
            select(col(EvidenceChunk.data))
            .where(col(EvidenceChunk.evidence_id) == evidence_id)
            .order_by(col(EvidenceChunk.number))
        )
        return (await self._session.execute(query)).scalars().all()
