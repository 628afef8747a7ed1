"""Every select and insert of enforcement."""

from collections.abc import Sequence
from uuid import UUID

from common.auth import Principal, region_clause
from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from complaints.cases.models import Case, NumberSeries
from complaints.subjects.models import Subject

from .models import EnforcementCase, EnforcementEvent
from .rules import TOLD_STATES

__all__ = ["EnforcementRepository", "is_officer"]


def is_officer(actor: Principal) -> bool:
    """Whether the caller acts for the authority; everybody else is a party and sees only what is its own."""
    return actor.may("enforcement:handle") and actor.subject_id is None


class EnforcementRepository:
    """Enforcement cases of one transaction; every read keeps to what the caller may see."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, row: EnforcementCase | EnforcementEvent) -> None:
        """Queue a row for the next flush."""
        self._session.add(row)

    async def find(self, case_id: UUID, actor: Principal, *, lock: bool = False) -> EnforcementCase | None:
        """The case, if it lies in the caller's regions or is the caller's own and was told to it."""
        query = select(EnforcementCase).where(col(EnforcementCase.id) == case_id, _visible(actor))
        found: EnforcementCase | None = await self._session.scalar(query.with_for_update() if lock else query)
        return found

    async def page(
        self, actor: Principal, state: str | None, key: str | None, after: UUID | None, limit: int
    ) -> Sequence[EnforcementCase]:
        """`limit + 1` cases, newest first."""
        query = select(EnforcementCase).where(_visible(actor))
        if state is not None:
            query = query.where(col(EnforcementCase.state) == state)
        if key is not None:
            query = query.where(col(EnforcementCase.respondent_key) == key)
        if after is not None:
            query = query.where(col(EnforcementCase.id) < after)
        query = query.order_by(col(EnforcementCase.id).desc()).limit(limit + 1)
        return (await self._session.scalars(query)).all()

    async def history(self, case_id: UUID) -> Sequence[EnforcementEvent]:
        """All events of a case, oldest first."""
        query = select(EnforcementEvent).where(col(EnforcementEvent.case_id) == case_id)
        return (await self._session.scalars(query.order_by(col(EnforcementEvent.seq)))).all()

    async def histories(self, case_ids: Sequence[UUID]) -> dict[UUID, list[EnforcementEvent]]:
        """All events of several cases, oldest first."""
        found: dict[UUID, list[EnforcementEvent]] = {case_id: [] for case_id in case_ids}
        query = select(EnforcementEvent).where(col(EnforcementEvent.case_id).in_(case_ids))
        for event in await self._session.scalars(query.order_by(col(EnforcementEvent.seq))):
            found[event.case_id].append(event)
        return found

    async def complaint_in_reach(self, complaint_id: UUID, actor: Principal) -> bool:
        """Whether there is such a complaint in the caller's regions."""
        query = select(col(Case.id)).where(
            col(Case.id) == complaint_id, region_clause(col(Case.region), actor)
        )
        return await self._session.scalar(query) is not None

    async def categories_of(self, complaint_id: UUID) -> list[str]:
        """The problem codes of the complaint that a case came from."""
        query = select(col(Case.categories)).where(col(Case.id) == complaint_id)
        codes: list[str] = (await self._session.execute(query)).scalar_one()
        return codes

    async def harmed_a_tourist(self, complaint_id: UUID) -> bool:
        """Whether the complaint that a case came from is a tourist's own (投诉), not an enquiry or remark."""
        query = select(col(Case.kind)).where(col(Case.id) == complaint_id)
        return (await self._session.execute(query)).scalar_one() in {"complaint", "both"}

    async def next_serial(self, series: str) -> int:
        """The next number of a series; two callers never get the same one."""
        statement = insert(NumberSeries).values(series=series, last=1)
        statement = statement.on_conflict_do_update(
            index_elements=["series"], set_={"last": col(NumberSeries.last) + 1}
        )
        serial: int = (await self._session.execute(statement.returning(col(NumberSeries.last)))).scalar_one()
        return serial


def _visible(actor: Principal) -> ColumnElement[bool]:
    """Officers see their regions. A party sees its own cases once it was told of them.

    Its copy as a subject may have come after the case, so its key counts as well.
    """
    if is_officer(actor):
        return region_clause(col(EnforcementCase.region), actor)
    if actor.subject_id is None:
        return false()
    keys = select(col(Subject.key)).where(col(Subject.id) == actor.subject_id)
    own = or_(
        col(EnforcementCase.respondent_subject_id) == actor.subject_id,
        col(EnforcementCase.respondent_subject_id).is_(None) & col(EnforcementCase.respondent_key).in_(keys),
    )
    return own & col(EnforcementCase.state).in_(TOLD_STATES)
