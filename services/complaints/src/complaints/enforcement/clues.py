"""A complaint that gives rise to a clue: the enforcement case is opened in the complaint's own transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from common.auth import Principal
from common.clock import china_date
from common.crypto import Keyring
from common.db import new_id
from common.problems import InvalidPayload, Text
from complaints.cases.models import Case
from complaints.enforcement.models import EnforcementCase, EnforcementEvent
from complaints.enforcement.policy import PenaltyBook
from complaints.enforcement.repository import EnforcementRepository
from complaints.enforcement.rules import State

__all__ = ["ClueDesk"]

DEPARTMENT = "WZ"


class ClueDesk:
    """Opens enforcement cases from complaints (Measures art. 4)."""

    def __init__(self, session: AsyncSession, book: PenaltyBook, keyring: Keyring) -> None:
        self._enforcement = EnforcementRepository(session)
        self._session = session
        self._book = book
        self._keyring = keyring

    async def open_from_case(
        self, case: Case, violation_code: str | None, note: str, actor: Principal, now: datetime
    ) -> UUID:
        """The id of a new clue about the respondent of `case`.

        Raises:
            InvalidPayload: the violation is unknown, or the respondent's key is not known yet.
        """
        on = china_date(now)
        if violation_code is None or violation_code not in self._book.on(on, case.region).by_code:
            raise InvalidPayload.at("/violation_code", Text("没有这个违法行为代码", "no such violation code"))
        if case.respondent_key is None:
            raise InvalidPayload.at("/event", Text("被投诉人的代码尚不清楚", "the respondent's key is not known"))
        serial = await self._enforcement.next_serial(f"enforcement/{case.region}/{on.year}")
        identity = new_id()
        opened = EnforcementCase(
            id=identity,
            number=f"ZF{case.region}{on.year}{serial:06d}",
            version=1,
            state=State.CLUE,
            region=case.region,
            department=DEPARTMENT,
            respondent_key=case.respondent_key,
            respondent_subject_id=case.respondent_subject_id,
            violation_code=violation_code,
            occurred_on=case.contract_end_on or case.received_on,
            complaint_id=case.id,
            clue_source="complaint",
            clue_cipher=self._keyring.encrypt(note, context=f"enforcement:{identity}"),
            opened_by=actor.sub,
            opened_at=now,
        )
        self._enforcement.add(opened)
        await self._session.flush()
        self._enforcement.add(
            EnforcementEvent(
                id=new_id(),
                case_id=identity,
                seq=1,
                event="open",
                to_state=State.CLUE,
                on_day=on,
                at=now,
                actor=actor.sub,
                data={"clue_source": "complaint"},
            )
        )
        await self._session.flush()
        return identity
