"""Use cases of the market regulator's risk class: a dated input of its own."""

from datetime import date
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.internal import sees_internal
from credit.paging import cursor_id
from credit.subjects.errors import SubjectNotFound
from credit.subjects.repository import SubjectRepository
from credit.subjects.rules import PERSONS
from credit.supervision.repository import SupervisionRepository

from .checks import check_day
from .models import RiskClassRecord
from .repository import DepositRepository
from .rules import RiskClass
from .schemas import RiskClassIn, RiskClassView
from .views import risk_class_view

__all__ = ["RiskClassService"]


class RiskClassService:
    """The market regulator's forecast of risk, A to D: an input of its own, in no credit grade."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._deposits = DepositRepository(session)
        self._subjects = SubjectRepository(session)

    async def record(self, actor: Principal, subject_id: UUID, wanted: RiskClassIn) -> RiskClassRecord:
        """Record the class of an entity from the day of its assessment. The same one again is one.

        Raises:
            SubjectNotFound: not the caller's to see.
            InvalidPayload: a natural person has no such class, or the day lies in the future.
        """
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        if subject.kind in PERSONS:
            raise InvalidPayload.at(
                "/risk_class", Text("自然人没有企业信用风险分类", "A natural person has no such class")
            )
        now = self._env.clock.now()
        check_day("/assessed_on", wanted.assessed_on, china_date(now))
        stands = await self._deposits.risk_class_on(subject.id, wanted.assessed_on)
        if stands is not None and all(
            getattr(stands, name) == value for name, value in wanted.model_dump().items()
        ):
            return stands
        row = RiskClassRecord(
            **wanted.model_dump(), id=new_id(), subject_id=subject.id, recorded_at=now, recorded_by=actor.sub
        )
        self._deposits.add(row)
        await self._session.flush()
        await SupervisionRepository(self._session).mark(subject, china_date(now), now)
        return row

    async def list_of(
        self, actor: Principal, subject_id: UUID, cursor: str | None, limit: int
    ) -> Page[RiskClassView]:
        """The classes of a subject, the newest record first, for those who see what is internal.

        Raises:
            SubjectNotFound: not the caller's to see, or it is none of those.
        """
        sees = sees_internal(self._env.rulebook, actor, china_date(self._env.clock.now()))
        if not sees or await self._subjects.find(subject_id, actor) is None:
            raise SubjectNotFound
        rows = await self._deposits.risk_classes(subject_id, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[risk_class_view(row) for row in items], next_cursor=following)

    async def risk_class(self, subject_id: UUID, on: date) -> RiskClass | None:
        """The class that holds on a day; None when none was assessed by then."""
        row = await self._deposits.risk_class_on(subject_id, on)
        return None if row is None else RiskClass(row.risk_class)

    async def next_assessment(self, subject_id: UUID, after: date) -> date | None:
        """The next day from which another class is known to hold."""
        return await self._deposits.next_assessment(subject_id, after)
