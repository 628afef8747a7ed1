"""Every select and insert on certificates."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ARRAY, ColumnElement, Row, Uuid, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.facts.models import Fact
from credit.facts.rules import Action
from credit.subjects.models import Subject

from .models import Certificate, CertificateUse
from .rules import State

__all__ = ["CertificateRepository"]


def _visible(actor: Principal) -> ColumnElement[bool]:
    if actor.subject_id is not None:
        return col(Certificate.subject_id) == actor.subject_id
    return region_clause(col(Subject.region), actor)


class CertificateRepository:
    """Certificates in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Certificate | CertificateUse) -> None:
        """Queue a new row for the next flush."""
        self._session.add(row)

    async def find(self, certificate_id: UUID, actor: Principal) -> Certificate | None:
        """A certificate the caller may see."""
        query = (
            select(Certificate)
            .join(Subject, col(Subject.id) == col(Certificate.subject_id))
            .where(col(Certificate.id) == certificate_id, _visible(actor))
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def get(self, certificate_id: UUID) -> Certificate | None:
        """A certificate, whoever asks: to be shown only to who knows its code."""
        return await self._session.get(Certificate, certificate_id)

    async def by_number(self, number: str) -> Certificate | None:
        """The certificate of a number."""
        query = select(Certificate).where(col(Certificate.number) == number)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def page(
        self, actor: Principal, subject_id: UUID | None, before: UUID | None, limit: int
    ) -> Sequence[Certificate]:
        """`limit + 1` certificates the caller may see, the newest first."""
        query = (
            select(Certificate)
            .join(Subject, col(Subject.id) == col(Certificate.subject_id))
            .where(_visible(actor))
        )
        if subject_id is not None:
            query = query.where(col(Certificate.subject_id) == subject_id)
        if before is not None:
            query = query.where(col(Certificate.id) < before)
        query = query.order_by(col(Certificate.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def standing(self, subject_id: UUID, purpose: str, relying_party: str) -> Certificate | None:
        """The issued certificate that a new one for the same purpose and party supersedes, locked."""
        query = (
            select(Certificate)
            .where(
                col(Certificate.subject_id) == subject_id,
                col(Certificate.purpose) == purpose,
                col(Certificate.relying_party) == relying_party,
                col(Certificate.state) == State.ISSUED,
            )
            .with_for_update()
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def resting_on(self, subject_id: UUID, fact_id: UUID) -> Sequence[Certificate]:
        """The certificates of a subject that a fact entered, in order of issue."""
        query = (
            select(Certificate)
            .where(col(Certificate.subject_id) == subject_id, col(Certificate.based_on).contains([fact_id]))
            .order_by(col(Certificate.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def relied_on(
        self, subject_id: UUID, facts: Collection[UUID], since: datetime, after: UUID | None, limit: int
    ) -> Sequence[Row[CertificateUse, str]]:
        """`limit` uses since then, behind `after`, of certificates that one of these facts entered.

        Each with the certificate's number, in order of use.
        """
        query = (
            select(CertificateUse, col(Certificate.number))
            .join(Certificate, col(Certificate.id) == col(CertificateUse.certificate_id))
            .where(
                col(Certificate.subject_id) == subject_id,
                col(Certificate.based_on).op("&&")(cast(sorted(facts), ARRAY(Uuid))),
                col(CertificateUse.used_at) >= since,
            )
        )
        if after is not None:
            query = query.where(col(CertificateUse.id) > after)
        return (await self._session.execute(query.order_by(col(CertificateUse.id)).limit(limit))).all()

    async def undermined(self, today: date, limit: int) -> Sequence[Certificate]:
        """Certificates still good of which a fact was revoked or amended after they were made, locked."""
        changed = (
            select(col(Fact.id))
            .where(
                col(Fact.id) == func.any(col(Certificate.based_on)),
                col(Fact.subject_id) == col(Certificate.subject_id),
                col(Fact.recorded_at) > col(Certificate.known_at),
                col(Fact.action).in_([Action.REVOKE, Action.AMEND]),
            )
            .exists()
        )
        query = (
            select(Certificate)
            .where(col(Certificate.state) == State.ISSUED, col(Certificate.valid_until) >= today, changed)
            .order_by(col(Certificate.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def count_uses(self, certificate_ids: Sequence[UUID]) -> dict[UUID, int]:
        """How often certificates were relied on."""
        rows = await self._session.execute(
            select(col(CertificateUse.certificate_id), func.count())
            .where(col(CertificateUse.certificate_id).in_(certificate_ids))
            .group_by(col(CertificateUse.certificate_id))
        )
        return {row[0]: row[1] for row in rows}

    async def uses(self, certificate_id: UUID, before: UUID | None, limit: int) -> Sequence[CertificateUse]:
        """`limit + 1` uses of a certificate, the newest first."""
        query = select(CertificateUse).where(col(CertificateUse.certificate_id) == certificate_id)
        if before is not None:
            query = query.where(col(CertificateUse.id) < before)
        query = query.order_by(col(CertificateUse.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()
