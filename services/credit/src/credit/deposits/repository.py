"""Every select and insert on deposits, liability policies and risk classes."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    SelectBase,
    String,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.qualifications.models import Qualification
from credit.subjects.models import Subject
from credit.subjects.rules import Status
from credit.warnings.models import WarningSource

from .models import (
    DepositCertificate,
    DepositDemand,
    DepositEntry,
    LiabilityFinding,
    LiabilityPolicy,
    LiabilityWatch,
    RiskClassRecord,
)
from .rules import OPENING, EntryKind, Form

__all__ = ["DepositRepository", "DuePlace"]

LOOKED_AT = 5_000
DuePlace = tuple[date, UUID, str]
_INSTRUMENTS = {f"deposit_{form}": form for form in (Form.GUARANTEE, Form.INSURANCE)}

Record = (
    DepositEntry | DepositDemand | DepositCertificate | LiabilityFinding | LiabilityPolicy | RiskClassRecord
)


class DepositRepository:
    """Deposits and what belongs to them in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: Record) -> None:
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

    async def missed(self, today: date, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Who has missed the last day of a demand of which no fact tells yet, behind `after` in order."""
        query = select(col(DepositDemand.subject_id)).where(*_missed(today)).distinct()
        if after is not None:
            query = query.where(col(DepositDemand.subject_id) > after)
        query = query.order_by(col(DepositDemand.subject_id)).limit(limit)
        return (await self._session.execute(query)).scalars().all()

    async def missed_by(self, today: date, subject_id: UUID) -> Sequence[DepositDemand]:
        """The demands that a locked subject missed and of which no fact tells yet, oldest first."""
        query = (
            select(DepositDemand)
            .where(col(DepositDemand.subject_id) == subject_id, *_missed(today))
            .order_by(col(DepositDemand.due_on), col(DepositDemand.id))
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalars().all()

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
        """The policy that an insurer gave this number, but for records of one that never was."""
        ended = col(LiabilityPolicy.ended_on)
        query = select(LiabilityPolicy).where(
            col(LiabilityPolicy.insurer) == insurer,
            col(LiabilityPolicy.policy_no) == policy_no,
            or_(ended.is_(None), ended >= col(LiabilityPolicy.valid_from)),
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

    async def cover_changed(self, today: date, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Agencies whose cover has begun or ended by `today` and whose facts do not tell yet, in order."""
        query = select(col(LiabilityWatch.subject_id)).where(col(LiabilityWatch.next_on) <= today)
        if after is not None:
            query = query.where(col(LiabilityWatch.subject_id) > after)
        query = query.order_by(col(LiabilityWatch.subject_id)).limit(limit)
        return (await self._session.execute(query)).scalars().all()

    async def has_cover_changed(self, today: date, subject_id: UUID) -> bool:
        """Whether the facts of a locked agency do not tell yet that its cover has begun or ended."""
        query = select(col(LiabilityWatch.subject_id)).where(
            col(LiabilityWatch.subject_id) == subject_id, col(LiabilityWatch.next_on) <= today
        )
        return (await self._session.execute(query)).first() is not None

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

    async def due(
        self,
        what: str,
        today: date,
        last: date,
        unseen_by: str,
        who: ColumnElement[bool],
        after: DuePlace | None,
        limit: int,
    ) -> tuple[Sequence[Row[UUID, date, str, str]], DuePlace | None]:
        """What of one kind ends by `last`, in order of day: (subject, day, reference, source), and on.

        At most `limit` of the next `LOOKED_AT` that end, so that what was seen long ago is passed over in
        statements of part of a second. The place to go on from is None behind the last.

        `what` is deposit_guarantee, deposit_insurance, deposit_top_up, liability_insurance, licence, or the
        kind of a qualification. `source` is its name as evidence; what the rule `unseen_by` has seen as such
        is left out, and what was over before its subject left business. `who` narrows the subjects. What was
        taken the place of is left out: a guarantee or insurance that was released, taken back, or named by
        its replacement, a policy beside one that ends later, a card beside one that lasts longer.
        """
        ends = self._ending(what, last).subquery()
        source = func.concat(
            f"due:{what}:",
            ends.c.subject_id,
            ":",
            func.to_char(ends.c.due_on, "YYYY-MM-DD"),
            ":",
            func.left(ends.c.reference, 36),
        )
        seen = select(col(WarningSource.rule_id)).where(
            col(WarningSource.rule_id) == unseen_by, col(WarningSource.source_reference) == source
        )
        in_business = and_(col(Subject.status) == Status.ACTIVE, col(Subject.merged_into).is_(None))
        query = (
            select(ends.c.subject_id, ends.c.due_on, ends.c.reference, source.label("source"))
            .join(Subject, col(Subject.id) == ends.c.subject_id)
            .where(who, or_(ends.c.due_on >= today, in_business), ~seen.exists())
        )
        order = (ends.c.due_on, ends.c.subject_id, ends.c.reference)
        block = select(*order).order_by(*order).offset(LOOKED_AT - 1).limit(1)
        if after is not None:
            behind = tuple_(*order) > tuple_(*(literal(part) for part in after))
            query, block = query.where(behind), block.where(behind)
        end = (await self._session.execute(block)).first()
        if end is not None:
            query = query.where(tuple_(*order) <= tuple_(*(literal(part) for part in end)))
        rows = (await self._session.execute(query.order_by(*order).limit(limit))).all()
        last_row = rows[-1] if len(rows) == limit else end
        if last_row is None:
            return rows, None
        return rows, (last_row.due_on, last_row.subject_id, last_row.reference)

    def _ending(self, what: str, last: date) -> SelectBase:
        if what in _INSTRUMENTS:
            return self._instruments(_INSTRUMENTS[what], last)
        if what == "deposit_top_up":
            return self._demands_due(last)
        if what == "liability_insurance":
            return self._cover_ends(last)
        return self._licences(last) if what == "licence" else self._cards(what, last)

    def _instruments(self, form: Form, last: date) -> SelectBase:
        later, confirmed = aliased(DepositEntry), aliased(DepositEntry)

        def stands(entry: type[DepositEntry]) -> ColumnElement[bool]:
            undone = aliased(DepositEntry)
            voids = select(col(undone.id)).where(
                col(undone.refers_to) == col(entry.id), col(undone.kind) == EntryKind.VOID
            )
            return ~voids.exists()

        in_place = or_(
            col(later.form) != Form.INSURANCE,
            select(col(confirmed.id))
            .where(
                col(confirmed.refers_to) == col(later.id),
                col(confirmed.kind) == EntryKind.CONFIRMATION,
                stands(confirmed),
            )
            .exists(),
        )
        gone = select(col(later.id)).where(
            col(later.refers_to) == col(DepositEntry.id),
            or_(
                col(later.kind).in_([EntryKind.RELEASE, EntryKind.VOID]),
                and_(col(later.kind) == EntryKind.REPLACEMENT, in_place),
            ),
            stands(later),
        )
        return select(
            col(DepositEntry.subject_id).label("subject_id"),
            cast(col(DepositEntry.expires_on), Date).label("due_on"),
            cast(col(DepositEntry.id), String).label("reference"),
        ).where(
            col(DepositEntry.form) == form,
            col(DepositEntry.expires_on) <= last,
            col(DepositEntry.kind).in_(sorted(OPENING)),
            ~gone.exists(),
        )

    def _demands_due(self, last: date) -> SelectBase:
        return select(
            col(DepositDemand.subject_id).label("subject_id"),
            col(DepositDemand.due_on).label("due_on"),
            cast(col(DepositDemand.id), String).label("reference"),
        ).where(
            col(DepositDemand.due_on) <= last,
            col(DepositDemand.met_on).is_(None),
            col(DepositDemand.withdrawn_at).is_(None),
        )

    def _cover_ends(self, last: date) -> SelectBase:
        return select(
            col(LiabilityWatch.subject_id).label("subject_id"),
            cast(col(LiabilityWatch.covered_to), Date).label("due_on"),
            cast(col(LiabilityWatch.covered_to), String).label("reference"),
        ).where(col(LiabilityWatch.covered_to) <= last)

    def _licences(self, last: date) -> SelectBase:
        return select(
            col(Subject.id).label("subject_id"),
            cast(col(Subject.license_expires_on), Date).label("due_on"),
            func.coalesce(col(Subject.license_no), cast(col(Subject.license_expires_on), String)).label(
                "reference"
            ),
        ).where(
            col(Subject.license_expires_on) <= last,
            col(Subject.status) == Status.ACTIVE,
            col(Subject.merged_into).is_(None),
        )

    def _cards(self, kind: str, last: date) -> SelectBase:
        later = aliased(Qualification)
        renewed = select(col(later.id)).where(
            col(later.subject_id) == col(Qualification.subject_id),
            col(later.kind) == col(Qualification.kind),
            col(later.ended_at).is_(None),
            or_(col(later.expires_on).is_(None), col(later.expires_on) > col(Qualification.expires_on)),
        )
        return select(
            col(Qualification.subject_id).label("subject_id"),
            cast(col(Qualification.expires_on), Date).label("due_on"),
            cast(col(Qualification.id), String).label("reference"),
        ).where(
            col(Qualification.kind) == kind,
            col(Qualification.expires_on) <= last,
            col(Qualification.ended_at).is_(None),
            ~renewed.exists(),
        )


def _missed(today: date) -> list[ColumnElement[bool]]:
    return [
        col(DepositDemand.due_on) < today,
        col(DepositDemand.met_on).is_(None),
        col(DepositDemand.withdrawn_at).is_(None),
        col(DepositDemand.missed_at).is_(None),
    ]
