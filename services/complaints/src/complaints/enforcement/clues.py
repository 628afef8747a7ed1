"""A clue becomes an enforcement case: from an officer's own hand, or out of a complaint."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.crypto import Keyring
from common.db import new_id
from common.policies import PolicyNotInForce
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from complaints.cases.models import Case
from complaints.enforcement.models import EnforcementCase, EnforcementEvent
from complaints.enforcement.policy import PenaltyBook, PenaltyPolicy, Violation
from complaints.enforcement.repository import EnforcementRepository
from complaints.enforcement.rules import State
from complaints.numbers import case_number
from complaints.subjects.repository import SubjectRepository

__all__ = ["ClueDesk", "clue_context", "policy_on", "violation_on"]

DEPARTMENT = "WZ"


def clue_context(case_id: UUID) -> str:
    """What the words of a clue are bound to."""
    return f"enforcement.clue:{case_id}"


def policy_on(book: PenaltyBook, day: date, region: str) -> PenaltyPolicy:
    """The penalty rules of the day of the violation.

    Raises:
        InvalidPayload: there were none.
    """
    try:
        return book.on(day, region)
    except PolicyNotInForce as error:
        raise InvalidPayload.at(
            "/occurred_on", Text("当日无可适用的处罚规定", "No penalty rules were in force on that day")
        ) from error


def violation_on(book: PenaltyBook, code: str | None, day: date, region: str) -> Violation:
    """The violation of that code under the rules of the day.

    Raises:
        InvalidPayload: no such violation; the problem names those there are.
    """
    policy = policy_on(book, day, region)
    violation = policy.by_code.get(code or "")
    if violation is None:
        known = ", ".join(policy.by_code)
        raise InvalidPayload.at("/violation_code", Text(f"可用：{known}", f"Known: {known}"))
    return violation


class ClueDesk:
    """Opens enforcement cases, in one transaction."""

    def __init__(self, session: AsyncSession, book: PenaltyBook, keyring: Keyring) -> None:
        self._session, self._book, self._keyring = session, book, keyring
        self._cases = EnforcementRepository(session)

    async def open_from_case(
        self, case: Case, violation_code: str | None, note: str, actor: Principal, now: datetime
    ) -> UUID:
        """Open the case that handling a complaint calls for (Measures art. 4); gives its id.

        The day of the violation is taken as the end of the contract, or where that is unknown or still to
        come as the day of the complaint.

        Raises:
            InvalidPayload: no or an unknown violation code, or the complaint does not say whom it concerns.
        """
        if case.respondent_key is None:
            raise InvalidPayload.at(
                "/event",
                Text(
                    "投诉未载明被投诉人的统一社会信用代码、许可证号或导游证号，不能据此移送查处",
                    "The complaint names no credit code, licence or card number of the respondent",
                ),
            )
        ended = case.contract_end_on or case.received_on
        opened = await self.open(
            actor,
            now,
            respondent_key=case.respondent_key,
            subject_id=case.respondent_subject_id,
            violation_code=violation_code,
            region=case.region,
            occurred_on=min(ended, case.received_on),
            clue_source="complaint",
            clue=note,
            complaint_id=case.id,
        )
        return opened.id

    async def open(
        self,
        actor: Principal,
        now: datetime,
        *,
        respondent_key: str,
        subject_id: UUID | None = None,
        violation_code: str | None,
        region: str,
        occurred_on: date,
        clue_source: str,
        clue: str,
        complaint_id: UUID | None,
    ) -> EnforcementCase:
        """Open a case in state `clue` with its first event. The caller has checked who may.

        Raises:
            InvalidPayload: unknown violation, or a day without penalty rules.
        """
        violation = violation_on(self._book, violation_code, occurred_on, region)
        if subject_id is None:
            subject = await SubjectRepository(self._session).find_by_key(respondent_key)
            subject_id = subject.id if subject else None
        identity = new_id()
        today = china_date(now)
        serial = await self._cases.next_serial(f"ZF:{region}:{today:%Y%m%d}")
        case = EnforcementCase(
            id=identity,
            number=case_number("ZF", region, today, serial),
            version=1,
            state=State.CLUE,
            region=region,
            department=DEPARTMENT,
            respondent_key=respondent_key,
            respondent_subject_id=subject_id,
            violation_code=violation.code,
            occurred_on=occurred_on,
            complaint_id=complaint_id,
            clue_source=clue_source,
            clue_cipher=self._keyring.encrypt(clue, context=clue_context(identity)),
            opened_by=actor.sub,
            opened_at=now,
        )
        self._cases.add(case)
        await self._session.flush()
        self._cases.add(_first_event(case, actor, {"clue_source": clue_source}, now))
        await self._session.flush()
        return case


def _first_event(
    case: EnforcementCase, actor: Principal, data: dict[str, Any], now: datetime
) -> EnforcementEvent:
    return EnforcementEvent(
        id=new_id(),
        case_id=case.id,
        seq=1,
        event="open",
        to_state=State.CLUE,
        on_day=china_date(now),
        at=now,
        actor=actor.sub,
        data=data,
    )
