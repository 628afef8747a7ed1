"""Every select and insert on deposits, liability policies and risk classes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Date, SelectBase, String, and_, cast, func, literal, or_, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from credit.qualifications.models import Qualification
from credit.subjects.models import Subject
from credit.subjects.rules import Status

from .models import (
    DepositCertificate,
    DepositDemand,
    DepositEntry,
    LiabilityFinding,
    LiabilityPolicy,
    LiabilityWatch,
    RiskClassRecord,
)
from .rules import OPENING, EntryKind

__all__ = ["DepositRepository"]

Row = DepositEntry | DepositDemand | DepositCertificate | LiabilityFinding | LiabilityPolicy | RiskClassRecord


class DepositRepository:
    """Deposits and what belongs to them in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Row) -> None:
        """Queue a new row for the next flush."""
        self._session.add(row)

    async def entries(self, subject_id: UUID) -> Sequence[DepositEntry]:
        """The whole history of an agency's deposit, oldest first."""
        query = (
            select(DepositEntry)
            .where(col(DepositEntry.subject_id) == subject_id)
            .order_by(col(DepositEntry.occurred_on), col(DepositEntry.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def demands(self, subject_id: UUID) -> Sequence[DepositDemand]:
        """The demands to an agency, oldest first."""
        query = (
            select(DepositDemand)
            .where(col(DepositDemand.subject_id) == subject_id)
            .order_by(col(DepositDemand.notified_on), col(DepositDemand.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def demand(self, demand_id: UUID) -> DepositDemand | None:
        """One demand."""
        return await self._session.get(DepositDemand, demand_id)

    async def missed(self, today: date, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Demands whose last day has passed unpaid and of which no fact tells yet: (demand, subject)."""
        query = (
            select(col(DepositDemand.id), col(DepositDemand.subject_id))
            .where(
                col(DepositDemand.due_on) < today,
                col(DepositDemand.met_on).is_(None),
                col(DepositDemand.withdrawn_at).is_(None),
                col(DepositDemand.missed_at).is_(None),
            )
            .order_by(col(DepositDemand.due_on), col(DepositDemand.id))
            .limit(limit)
        )
        return [(row.id, row.subject_id) for row in await self._session.execute(query)]

    async def certificates(self, subject_id: UUID) -> Sequence[DepositCertificate]:
        """The certificates of an agency, oldest first."""
        query = (
            select(DepositCertificate)
            .where(col(DepositCertificate.subject_id) == subject_id)
            .order_by(col(DepositCertificate.effective_on), col(DepositCertificate.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def policies(self, subject_id: UUID) -> Sequence[LiabilityPolicy]:
        """The liability policies of an agency, oldest first."""
        query = (
            select(LiabilityPolicy)
            .where(col(LiabilityPolicy.subject_id) == subject_id)
            .order_by(col(LiabilityPolicy.valid_from), col(LiabilityPolicy.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def policy(self, policy_id: UUID) -> LiabilityPolicy | None:
        """One liability policy."""
        return await self._session.get(LiabilityPolicy, policy_id)

    async def policy_by_number(self, insurer: str, policy_no: str) -> LiabilityPolicy | None:
        """The policy that an insurer gave this number."""
        query = select(LiabilityPolicy).where(
            col(LiabilityPolicy.insurer) == insurer, col(LiabilityPolicy.policy_no) == policy_no
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def findings(self, subject_id: UUID) -> Sequence[LiabilityFinding]:
        """The findings that an agency showed no liability policy, oldest first."""
        query = (
            select(LiabilityFinding)
            .where(col(LiabilityFinding.subject_id) == subject_id)
            .order_by(col(LiabilityFinding.found_on), col(LiabilityFinding.id))
        )
        return (await self._session.execute(query)).scalars().all()

    async def watch(self, subject_id: UUID, covered_to: date | None, next_on: date | None) -> None:
        """Keep when an agency's cover changes next."""
        values = {"covered_to": covered_to, "next_on": next_on}
        query = (
            insert(LiabilityWatch)
            .values(subject_id=subject_id, **values)
            .on_conflict_do_update(index_elements=["subject_id"], set_=values)
        )
        await self._session.execute(query)

    async def cover_changed(self, today: date, limit: int) -> Sequence[UUID]:
        """Agencies whose cover has begun or ended by `today` and whose facts do not tell yet."""
        query = (
            select(col(LiabilityWatch.subject_id))
            .where(col(LiabilityWatch.next_on) <= today)
            .order_by(col(LiabilityWatch.next_on), col(LiabilityWatch.subject_id))
            .limit(limit)
        )
        return (await self._session.execute(query)).scalars().all()

    async def risk_classes(
        self, subject_id: UUID, before: UUID | None, limit: int
    ) -> Sequence[RiskClassRecord]:
        """`limit + 1` classes of a subject, the newest record first."""
        query = select(RiskClassRecord).where(col(RiskClassRecord.subject_id) == subject_id)
        if before is not None:
            query = query.where(col(RiskClassRecord.id) < before)
        query = query.order_by(col(RiskClassRecord.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def risk_class_on(self, subject_id: UUID, on: date) -> RiskClassRecord | None:
        """The class that holds on a day: the one assessed last by then."""
        query = (
            select(RiskClassRecord)
            .where(col(RiskClassRecord.subject_id) == subject_id, col(RiskClassRecord.assessed_on) <= on)
            .order_by(col(RiskClassRecord.assessed_on).desc(), col(RiskClassRecord.id).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def next_assessment(self, subject_id: UUID, after: date) -> date | None:
        """The next day from which another class is known to hold."""
        query = select(func.min(col(RiskClassRecord.assessed_on))).where(
            col(RiskClassRecord.subject_id) == subject_id, col(RiskClassRecord.assessed_on) > after
        )
        return (await self._session.execute(query)).scalar_one()

    async def due_dates(
        self, first: date, last: date, after: tuple[date, str, UUID, str] | None, limit: int
    ) -> Sequence[tuple[UUID, str, date, str]]:
        """What ends between two days, both inside: (subject, what, day, reference), in order of day.

        `what` is deposit_guarantee, deposit_insurance, deposit_top_up, liability_insurance, licence, or the
        kind of a qualification. What was replaced by something that lasts longer is left out.
        """
        rows = union_all(
            self._instruments(first, last),
            self._demands_due(first, last),
            self._cover_ends(first, last),
            self._licences(first, last),
            self._cards(first, last),
        ).subquery()
        key = tuple_(rows.c.due_on, rows.c.what, rows.c.subject_id, rows.c.reference)
        query = select(rows.c.subject_id, rows.c.what, rows.c.due_on, rows.c.reference)
        if after is not None:
            query = query.where(key > tuple_(*(literal(part) for part in after)))
        query = query.order_by(rows.c.due_on, rows.c.what, rows.c.subject_id, rows.c.reference).limit(limit)
        found = await self._session.execute(query)
        return [(row.subject_id, row.what, row.due_on, row.reference) for row in found]

    def _instruments(self, first: date, last: date) -> SelectBase:
        later = DepositEntry.__table__.alias("later")  # type: ignore[attr-defined]
        gone = select(later.c.id).where(
            later.c.refers_to == col(DepositEntry.id),
            later.c.kind.in_([EntryKind.RELEASE, EntryKind.VOID]),
        )
        return select(
            col(DepositEntry.subject_id).label("subject_id"),
            ("deposit_" + col(DepositEntry.form)).label("what"),
            cast(col(DepositEntry.expires_on), Date).label("due_on"),
            cast(col(DepositEntry.id), String).label("reference"),
        ).where(
            col(DepositEntry.expires_on).between(first, last),
            col(DepositEntry.kind).in_(sorted(OPENING)),
            ~gone.exists(),
        )

    def _demands_due(self, first: date, last: date) -> SelectBase:
        return select(
            col(DepositDemand.subject_id),
            literal("deposit_top_up"),
            col(DepositDemand.due_on),
            cast(col(DepositDemand.id), String),
        ).where(
            col(DepositDemand.due_on).between(first, last),
            col(DepositDemand.met_on).is_(None),
            col(DepositDemand.withdrawn_at).is_(None),
        )

    def _cover_ends(self, first: date, last: date) -> SelectBase:
        return select(
            col(LiabilityWatch.subject_id),
            literal("liability_insurance"),
            col(LiabilityWatch.covered_to),
            cast(col(LiabilityWatch.covered_to), String),
        ).where(col(LiabilityWatch.covered_to).between(first, last))

    def _licences(self, first: date, last: date) -> SelectBase:
        return select(
            col(Subject.id),
            literal("licence"),
            col(Subject.license_expires_on),
            func.coalesce(col(Subject.license_no), cast(col(Subject.license_expires_on), String)),
        ).where(
            col(Subject.license_expires_on).between(first, last),
            col(Subject.status) == Status.ACTIVE,
            col(Subject.merged_into).is_(None),
        )

    def _cards(self, first: date, last: date) -> SelectBase:
        later = Qualification.__table__.alias("renewed")  # type: ignore[attr-defined]
        renewed = select(later.c.id).where(
            later.c.subject_id == col(Qualification.subject_id),
            later.c.kind == col(Qualification.kind),
            later.c.ended_at.is_(None),
            or_(
                later.c.expires_on.is_(None),
                and_(later.c.expires_on > col(Qualification.expires_on)),
            ),
        )
        return select(
            col(Qualification.subject_id),
            col(Qualification.kind),
            col(Qualification.expires_on),
            cast(col(Qualification.id), String),
        ).where(
            col(Qualification.expires_on).between(first, last),
            col(Qualification.ended_at).is_(None),
            ~renewed.exists(),
        )
