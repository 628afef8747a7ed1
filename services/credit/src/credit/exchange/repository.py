"""Every select and insert of the exchange."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from credit.listings.models import Listing
from credit.subjects.models import Subject

from .models import ExchangeCursor, ExchangeDecision, ExchangeRecord
from .rules import KEY_CORRECTED, DecisionState, RecordKind, RecordState

__all__ = ["ExchangeRepository"]


def _said(name: str) -> ColumnElement[str]:
    """A field of what a record says, as text."""
    said: ColumnElement[str] = col(ExchangeRecord.content)["content"][name].astext
    return said


class ExchangeRepository:
    """Exchanged records in PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def cursor(self, name: str) -> ExchangeCursor:
        """A place that was reached, locked: one process at a time goes on from it."""
        await self._session.execute(
            insert(ExchangeCursor).values(name=name, place=None).on_conflict_do_nothing()
        )
        query = (
            select(ExchangeCursor)
            .where(col(ExchangeCursor.name) == name)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalar_one()

    async def place(self, name: str) -> str | None:
        """The place that was reached, without a lock."""
        query = select(col(ExchangeCursor.place)).where(col(ExchangeCursor.name) == name)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def put_records(self, rows: Sequence[dict[str, Any]]) -> None:
        """New records; one that is there already stays as it is."""
        if rows:
            await self._session.execute(insert(ExchangeRecord).on_conflict_do_nothing(), list(rows))

    async def put_decisions(self, rows: Sequence[dict[str, Any]]) -> None:
        """New decisions; one that was told before stays as it is."""
        if rows:
            await self._session.execute(insert(ExchangeDecision).on_conflict_do_nothing(), list(rows))

    async def claim(self, system: str, now: datetime, limit: int) -> Sequence[ExchangeRecord]:
        """Records whose time has come, of each number the lowest version that is not settled, locked."""
        earlier = aliased(ExchangeRecord)
        before = (
            select(col(earlier.id))
            .where(
                col(earlier.system) == col(ExchangeRecord.system),
                col(earlier.kind) == col(ExchangeRecord.kind),
                col(earlier.our_number) == col(ExchangeRecord.our_number),
                col(earlier.version) < col(ExchangeRecord.version),
                col(earlier.state) == RecordState.WAITING,
            )
            .exists()
        )
        query = (
            select(ExchangeRecord)
            .where(
                col(ExchangeRecord.system) == system,
                col(ExchangeRecord.state) == RecordState.WAITING,
                col(ExchangeRecord.next_attempt_at) <= now,
                ~before,
            )
            .order_by(col(ExchangeRecord.next_attempt_at), col(ExchangeRecord.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def lock_record(self, record_id: UUID, actor: Principal | None) -> ExchangeRecord | None:
        """A record, locked; the caller's regions only."""
        query = select(ExchangeRecord).where(col(ExchangeRecord.id) == record_id)
        if actor is not None:
            query = query.where(region_clause(col(ExchangeRecord.region), actor))
        locked = query.with_for_update().execution_options(populate_existing=True)
        return (await self._session.execute(locked)).scalar_one_or_none()

    async def wait_again(self, actor: Principal, system: str, state: str, now: datetime, limit: int) -> int:
        """Let the oldest settled records of a state wait again that no later version replaces; how many."""
        later = aliased(ExchangeRecord)
        replaced = (
            select(col(later.id))
            .where(
                col(later.system) == col(ExchangeRecord.system),
                col(later.kind) == col(ExchangeRecord.kind),
                col(later.our_number) == col(ExchangeRecord.our_number),
                col(later.version) > col(ExchangeRecord.version),
            )
            .exists()
        )
        chosen = (
            select(col(ExchangeRecord.id))
            .where(
                region_clause(col(ExchangeRecord.region), actor),
                col(ExchangeRecord.system) == system,
                col(ExchangeRecord.state) == state,
                ~replaced,
            )
            .order_by(col(ExchangeRecord.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        again = (
            update(ExchangeRecord)
            .where(col(ExchangeRecord.id).in_(chosen))
            .values(
                state=RecordState.WAITING,
                attempts=0,
                next_attempt_at=now,
                settled_at=None,
                settled_on=None,
            )
            .returning(col(ExchangeRecord.id))
            .execution_options(synchronize_session=False)
        )
        return len((await self._session.execute(again)).all())

    async def records(
        self, actor: Principal, system: str | None, state: str | None, before: UUID | None, limit: int
    ) -> Sequence[ExchangeRecord]:
        """`limit + 1` records of the caller's regions, the newest first."""
        query = select(ExchangeRecord).where(region_clause(col(ExchangeRecord.region), actor))
        if system is not None:
            query = query.where(col(ExchangeRecord.system) == system)
        if state is not None:
            query = query.where(col(ExchangeRecord.state) == state)
        if before is not None:
            query = query.where(col(ExchangeRecord.id) < before)
        query = query.order_by(col(ExchangeRecord.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def decisions(
        self, actor: Principal, system: str | None, state: str | None, before: UUID | None, limit: int
    ) -> Sequence[ExchangeDecision]:
        """`limit + 1` decisions about subjects of the caller's regions, the newest first.

        One about nobody registered here is shown to whoever its code's own region belongs to.
        """
        query = (
            select(ExchangeDecision)
            .outerjoin(Subject, col(Subject.id) == col(ExchangeDecision.subject_id))
            .where(
                or_(
                    region_clause(col(Subject.region), actor),
                    and_(
                        col(Subject.id).is_(None),
                        region_clause(func.substr(col(ExchangeDecision.subject_key), 3, 6), actor),
                    ),
                )
            )
        )
        if system is not None:
            query = query.where(col(ExchangeDecision.system) == system)
        if state is not None:
            query = query.where(col(ExchangeDecision.state) == state)
        if before is not None:
            query = query.where(col(ExchangeDecision.id) < before)
        query = query.order_by(col(ExchangeDecision.id).desc()).limit(limit + 1)
        return (await self._session.execute(query)).scalars().all()

    async def next_decision(self) -> ExchangeDecision | None:
        """A decision that can be applied: a new one, or one whose subject has appeared, locked."""
        appeared = (
            select(col(Subject.id)).where(col(Subject.key) == col(ExchangeDecision.subject_key)).exists()
        )
        query = (
            select(ExchangeDecision)
            .where(
                or_(
                    col(ExchangeDecision.state) == DecisionState.RECEIVED,
                    and_(col(ExchangeDecision.state) == DecisionState.WAITING, appeared),
                )
            )
            .order_by(col(ExchangeDecision.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def withhold_unsent(self, system: str, our_number: str, version: int) -> None:
        """Keep back what a withdrawal takes away and was never tried; then the withdrawal itself, if all was.

        Two statements, so that the second sees whatever was claimed while the first waited.
        """
        same = (
            col(ExchangeRecord.system) == system,
            col(ExchangeRecord.kind) == RecordKind.RECORD,
            col(ExchangeRecord.our_number) == our_number,
        )
        untried = (
            col(ExchangeRecord.state) == RecordState.WAITING,
            col(ExchangeRecord.attempts) == 0,
            _said("because").is_distinct_from(KEY_CORRECTED),
        )
        keep_back = update(ExchangeRecord).execution_options(synchronize_session=False)
        keep_back = keep_back.where(*same, *untried).values(state=RecordState.WITHHELD)
        await self._session.execute(keep_back.where(col(ExchangeRecord.version) < version))
        told = (
            select(func.count())
            .select_from(ExchangeRecord)
            .where(*same, col(ExchangeRecord.version) < version, col(ExchangeRecord.attempts) > 0)
        )
        if not await self._session.scalar(told):
            await self._session.execute(keep_back.where(col(ExchangeRecord.version) == version))

    async def lock_about(self, subject_id: UUID) -> Sequence[ExchangeRecord]:
        """Every record about a subject, locked: by system, kind and number, the lowest version first."""
        query = (
            select(ExchangeRecord)
            .where(col(ExchangeRecord.subject_id) == subject_id)
            .order_by(
                col(ExchangeRecord.system),
                col(ExchangeRecord.kind),
                col(ExchangeRecord.our_number),
                col(ExchangeRecord.version),
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await self._session.execute(query)).scalars().all()

    async def added_for_key(self, system: str, kind: str, our_number: str) -> int:
        """How many versions of a record were added because a key was corrected: two each time."""
        query = (
            select(func.count())
            .select_from(ExchangeRecord)
            .where(
                col(ExchangeRecord.system) == system,
                col(ExchangeRecord.kind) == kind,
                col(ExchangeRecord.our_number) == our_number,
                _said("because") == KEY_CORRECTED,
            )
        )
        return 2 * int(await self._session.scalar(query) or 0)

    async def later(self, row: ExchangeRecord) -> bool:
        """Whether a later version of a record was made for the same system."""
        query = select(col(ExchangeRecord.id)).where(
            col(ExchangeRecord.system) == row.system,
            col(ExchangeRecord.kind) == row.kind,
            col(ExchangeRecord.our_number) == row.our_number,
            col(ExchangeRecord.version) > row.version,
        )
        return (await self._session.execute(query.limit(1))).first() is not None

    async def listing_of(self, number: str) -> Listing | None:
        """The listing of a number."""
        query = select(Listing).where(col(Listing.number) == number)
        return (await self._session.execute(query)).scalar_one_or_none()

    async def decided_on(self, system: str, day: date) -> Sequence[Row[ExchangeDecision, str | None]]:
        """A system's decisions of a day as we were told of them, with the region of whom they concern."""
        query = (
            select(ExchangeDecision, col(Subject.region))
            .outerjoin(Subject, col(Subject.id) == col(ExchangeDecision.subject_id))
            .where(col(ExchangeDecision.system) == system, col(ExchangeDecision.decided_on) == day)
        )
        return (await self._session.execute(query)).all()

    async def sent_as(self, system: str, our_number: str) -> ExchangeRecord | None:
        """The newest version of a record that the system was sent."""
        query = (
            select(ExchangeRecord)
            .where(col(ExchangeRecord.system) == system, col(ExchangeRecord.our_number) == our_number)
            .order_by(col(ExchangeRecord.version).desc())
            .limit(1)
        )
        return (await self._session.execute(query)).scalar_one_or_none()

    async def sent_about(
        self,
        subject_id: UUID,
        numbers: Collection[str],
        grades: Collection[int],
        after: UUID | None,
        limit: int,
    ) -> Sequence[ExchangeRecord]:
        """`limit` records about a subject behind `after`: of these numbers or these published grades."""
        query = select(ExchangeRecord).where(
            col(ExchangeRecord.subject_id) == subject_id,
            or_(
                col(ExchangeRecord.our_number).in_(numbers),
                and_(
                    col(ExchangeRecord.kind) == RecordKind.GRADE,
                    _said("grade_version").in_([str(grade) for grade in grades]),
                ),
            ),
        )
        if after is not None:
            query = query.where(col(ExchangeRecord.id) > after)
        query = query.order_by(col(ExchangeRecord.id)).limit(limit)
        return (await self._session.execute(query)).scalars().all()

    async def accepted_on(self, actor: Principal, system: str, day: date) -> Sequence[ExchangeRecord]:
        """What the other side accepted on a day, of the caller's regions."""
        query = select(ExchangeRecord).where(
            region_clause(col(ExchangeRecord.region), actor),
            col(ExchangeRecord.system) == system,
            col(ExchangeRecord.settled_on) == day,
            col(ExchangeRecord.state) == RecordState.ACCEPTED,
        )
        return (await self._session.execute(query)).scalars().all()

    async def counts(self, actor: Principal) -> dict[tuple[str, str], int]:
        """How many records of the caller's regions stand how, by (system, state)."""
        rows = await self._session.execute(
            select(col(ExchangeRecord.system), col(ExchangeRecord.state), func.count())
            .where(region_clause(col(ExchangeRecord.region), actor))
            .group_by(col(ExchangeRecord.system), col(ExchangeRecord.state))
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def decision_counts(self, actor: Principal) -> dict[tuple[str, str], int]:
        """How many decisions about the caller's subjects stand how, by (system, state)."""
        rows = await self._session.execute(
            select(col(ExchangeDecision.system), col(ExchangeDecision.state), func.count())
            .join(Subject, col(Subject.id) == col(ExchangeDecision.subject_id))
            .where(region_clause(col(Subject.region), actor))
            .group_by(col(ExchangeDecision.system), col(ExchangeDecision.state))
        )
        return {(row[0], row[1]): row[2] for row in rows}
