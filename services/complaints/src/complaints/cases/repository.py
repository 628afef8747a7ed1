"""Every select and insert of cases."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal, region_prefix
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from complaints.cases.models import Case, CaseEvent, LookupAttempt, NumberSeries
from complaints.cases.rules import State
from complaints.cases.sight import visible_to

__all__ = ["CaseRepository"]


class CaseRepository:
    """The cases of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def add(self, case: Case, first: CaseEvent) -> None:
        """Store a new case with its first event."""
        self.session.add(case)
        await self.session.flush()
        self.session.add(first)
        await self.session.flush()

    async def add_event(self, event: CaseEvent) -> None:
        """Append one event."""
        self.session.add(event)
        await self.session.flush()

    async def find(self, case_id: UUID, principal: Principal, *, lock: bool = False) -> Case | None:
        """The case if the caller may see it; locked for a change when asked."""
        query = select(Case).where(col(Case.id) == case_id, visible_to(principal))
        if lock:
            query = query.with_for_update()
        found: Case | None = await self.session.scalar(query)
        return found

    async def find_by_number(self, number: str, *, lock: bool = False) -> Case | None:
        """The case of that number, for whoever holds its code."""
        query = select(Case).where(col(Case.number) == number)
        if lock:
            query = query.with_for_update()
        found: Case | None = await self.session.scalar(query)
        return found

    async def history(self, case_id: UUID) -> Sequence[CaseEvent]:
        """All events of a case, in order."""
        rows = await self.session.scalars(
            select(CaseEvent).where(col(CaseEvent.case_id) == case_id).order_by(col(CaseEvent.seq))
        )
        return rows.all()

    async def queue(
        self,
        principal: Principal,
        *,
        state: str | None,
        department: str | None,
        region: str | None,
        due_before: date | None,
        number: str | None,
        phone_indexes: Sequence[str] | None,
        after: tuple[Any, ...] | None,
        limit: int,
    ) -> Sequence[Case]:
        """One page of what the caller may see: by due date when `due_before` is given, else newest first."""
        query = select(Case).where(visible_to(principal)).limit(limit)
        if state is not None:
            query = query.where(col(Case.state) == state)
        if department is not None:
            query = query.where(col(Case.department) == department)
        if region is not None:
            query = query.where(col(Case.region).like(f"{region_prefix(region)}%"))
        if number is not None:
            query = query.where(col(Case.number) == number)
        if phone_indexes is not None:
            query = query.where(col(Case.phone_index).in_(phone_indexes))
        if due_before is not None:
            query = query.where(col(Case.next_due_on) < due_before).order_by(
                col(Case.next_due_on), col(Case.id)
            )
            if after is not None:
                day, last = date.fromisoformat(after[0]), UUID(after[1])
                query = query.where(tuple_(col(Case.next_due_on), col(Case.id)) > tuple_(day, last))
        else:
            query = query.order_by(col(Case.id).desc())
            if after is not None:
                query = query.where(col(Case.id) < UUID(after[0]))
        return (await self.session.scalars(query)).all()

    async def reply_term_over(self, today: date, limit: int) -> Sequence[Case]:
        """Notified cases whose reply was due before `today`, locked; what others work on is skipped."""
        rows = await self.session.scalars(
            select(Case)
            .where(
                col(Case.next_due_on) < today,
                col(Case.state) == State.NOTIFIED,
                col(Case.next_due_event) == "reply",
            )
            .order_by(col(Case.next_due_on), col(Case.id))
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return rows.all()

    async def forget_lookups(self, before: datetime) -> None:
        """Remove the counts of windows that began before `before`."""
        await self.session.execute(delete(LookupAttempt).where(col(LookupAttempt.window_start) < before))

    async def next_serial(self, series: str) -> int:
        """The next number of a series, without gaps: the row is locked until the transaction ends."""
        statement = insert(NumberSeries).values(series=series, last=1)
        serial: int | None = await self.session.scalar(
            statement.on_conflict_do_update(
                index_elements=["series"], set_={"last": NumberSeries.last + 1}
            ).returning(col(NumberSeries.last))
        )
        assert serial is not None  # noqa: S101
        return serial

    async def database_time(self) -> datetime:
        """The real time at which this transaction began, whatever the service's own clock says."""
        now: datetime | None = await self.session.scalar(select(func.now()))
        assert now is not None  # noqa: S101
        return now

    async def count_lookup(self, subject: str, key_index: str, window_start: datetime, *, by: int = 1) -> int:
        """Count a lookup of a number or from an address, or take one back; gives the count in the window."""
        statement = insert(LookupAttempt).values(
            subject=subject, key_index=key_index, window_start=window_start, count=by
        )
        count: int | None = await self.session.scalar(
            statement.on_conflict_do_update(
                index_elements=["subject", "key_index", "window_start"],
                set_={"count": LookupAttempt.count + by},
            ).returning(col(LookupAttempt.count))
        )
        assert count is not None  # noqa: S101
        return count
