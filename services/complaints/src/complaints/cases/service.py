"""Handling a case: the queue, the case, and the events of the statutory procedure."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

from common import audit
from common.auth import Principal
from common.clock import Clock, china_date
from common.crypto import Keyring
from common.db import new_id
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import FieldError, InvalidPayload, PreconditionFailed, Text
from sqlalchemy.ext.asyncio import AsyncSession

from complaints.cases.checks import check_allowed, check_conditions, check_fields, check_tourist
from complaints.cases.demands import PRIVATE
from complaints.cases.errors import CaseNotFound
from complaints.cases.history import deadlines_of, set_next_due
from complaints.cases.models import Case, CaseEvent
from complaints.cases.repository import CaseRepository
from complaints.cases.rules import EVENTS, OUTCOMES, Event, State, next_state
from complaints.cases.safe import CaseSafe
from complaints.cases.schemas import (
    CaseView,
    DeadlineOut,
    EventIn,
    QueueItem,
    RevealOut,
    TimelineItem,
)
from complaints.cases.views import case_view, deadlines_out, queue_item, timeline
from complaints.compensation.schemas import EstimateIn, EstimateOut
from complaints.compensation.service import CompensationService
from complaints.documents.repository import DocumentRepository
from complaints.documents.service import DocumentDesk
from complaints.enforcement.clues import ClueDesk
from complaints.numbers import is_case_number
from complaints.places import normal_phone
from complaints.policybook import PolicyBook
from complaints.publishing import announce_case
from complaints.subjects.repository import SubjectRepository

__all__ = ["CaseService", "QueueQuery"]

DOCUMENTS = {
    Event.ACCEPT: "acceptance",
    Event.REFUSE: "refusal",
    Event.TRANSFER: "transfer",
    Event.AGREE: "mediation",
    Event.TERMINATE: "termination",
}


TOURIST = Principal(sub="complainant", client_id="lookup-code", kind="tourist", scopes=frozenset())
"""Who acts when number and code are the credential."""
TIMER = Principal(sub="timer", client_id="complaints", kind="service", scopes=frozenset())
"""Who acts when a term has run out."""


@dataclass(frozen=True, slots=True)
class QueueQuery:
    """What the officer's queue is narrowed to. `q` is a whole case number or a whole phone number."""

    state: str | None
    department: str | None
    region: str | None
    due_before: date | None
    q: str | None
    cursor: str | None
    limit: int


class CaseService:
    """Use cases of those who handle, supervise or answer cases."""

    def __init__(
        self,
        cases: CaseRepository,
        subjects: SubjectRepository,
        documents: DocumentDesk,
        clues: ClueDesk,
        policies: PolicyBook,
        keyring: Keyring,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._subjects = subjects
        self._documents = documents
        self._clues = clues
        self._policies = policies
        self._compensation = CompensationService(policies.compensation, clock)
        self._safe = CaseSafe(keyring)
        self._clock = clock

    @classmethod
    def of(cls, session: AsyncSession, policies: PolicyBook, keyring: Keyring, clock: Clock) -> Self:
        """The service with all it works with, in one transaction."""
        cases = CaseRepository(session)
        return cls(
            cases,
            SubjectRepository(session),
            DocumentDesk(DocumentRepository(session), cases, policies, keyring),
            ClueDesk(session, policies.penalties, keyring),
            policies,
            keyring,
            clock,
        )

    async def queue(self, query: QueueQuery, reader: Principal) -> Page[QueueItem]:
        """One page of the cases the reader may see.

        Raises:
            InvalidPayload: the cursor is not one of ours, or `q` is neither a case nor a phone number.
        """
        number, phones = self._search(query.q)
        by_due = query.due_before is not None
        after = None
        if query.cursor is not None:
            after = decode_cursor(query.cursor, *((str, str) if by_due else (str,)))
            _check_cursor(after, by_due)
        rows = await self._cases.queue(
            reader,
            state=query.state,
            department=query.department,
            region=query.region,
            due_before=query.due_before,
            number=number,
            phone_indexes=phones,
            after=after,
            limit=query.limit + 1,
        )
        items, cursor = page_of(
            rows,
            query.limit,
            lambda row: (
                encode_cursor(str(row.next_due_on), str(row.id)) if by_due else encode_cursor(str(row.id))
            ),
        )
        shown = [queue_item(row, reader, self._reported(row)) for row in items]
        return Page(items=shown, next_cursor=cursor)

    async def get(self, case_id: UUID, reader: Principal) -> CaseView:
        """The case. Raises CaseNotFound outside the reader's regions or subject."""
        case = await self.visible(case_id, reader)
        return case_view(case, self._safe, reader, self._reported(case))

    async def timeline(self, case_id: UUID, reader: Principal) -> list[TimelineItem]:
        """The history of the case, in order."""
        case = await self.visible(case_id, reader)
        return timeline(await self._cases.history(case.id), self._safe, reader)

    async def deadlines(self, case_id: UUID, reader: Principal) -> list[DeadlineOut]:
        """Every deadline that has begun to run, counted as of today."""
        case = await self.visible(case_id, reader)
        events = await self._cases.history(case.id)
        return deadlines_out(deadlines_of(case, events, self._policies.procedure, self._today()))

    async def reveal(self, case_id: UUID, purpose: str, actor: Principal) -> RevealOut:
        """The complainant's data in the clear; who saw them, and why, is recorded in the same transaction."""
        case = await self.visible(case_id, actor)
        fields = ("name", "phone", "id_number", "address", "email")
        await audit.record_reveal(
            self._cases.session,
            actor=actor,
            target=f"case:{case.id}",
            fields=fields,
            purpose=purpose,
            now=self._clock.now(),
        )
        opened: dict[str, Any] = {field: self._safe.open(case, field) for field in fields}
        return RevealOut(**opened)

    async def act(
        self, case_id: UUID, body: EventIn, actor: Principal, expected_version: int | None
    ) -> CaseView:
        """Apply an event of the procedure (Measures arts. 5-29) and what follows from it.

        The row is locked, so two officers take turns; `expected_version` refuses an act on an older reading.

        Raises:
            CaseNotFound: not the actor's to see.
            PreconditionFailed: the case has changed since it was read.
            EventNotAllowed: the state does not allow it; the problem names the events that it does.
            EventTooEarly: a day or a rule that the event needs is missing.
            InvalidPayload: a field the event needs is missing, or one it does not know is given.
        """
        case = await self._cases.find(case_id, actor, lock=True)
        if case is None:
            raise CaseNotFound
        if expected_version is not None and expected_version != case.version:
            raise PreconditionFailed
        check_allowed(case, body.event, actor.scopes)
        await self.apply(case, body, actor)
        return case_view(case, self._safe, actor, self._reported(case))

    def _reported(self, case: Case) -> list[str]:
        """The categories that belong to reports alone, by the rules of the day of receipt."""
        rules = self._policies.routing.rules.choose("routing-rules", on=case.received_on)
        return list(rules.settings.report_native)

    async def act_as_tourist(self, case: Case, event: str, note: str) -> None:
        """What the holder of the code may do to a locked case: supplement or withdraw.

        Raises:
            EventNotAllowed: the state does not allow it.
        """
        check_tourist(case, Event(event))
        await self.apply(case, EventIn(event=Event(event), note=note), TOURIST)

    async def close_reply_terms(self, limit: int) -> int:
        """Go on with up to `limit` cases whose respondent let the reply term pass (row 10 of the procedure).

        A late reply is still taken. Gives how many there were.
        """
        found = await self._cases.reply_term_over(self._today(), limit)
        for case in found:
            await self.apply(case, EventIn(event=Event.REPLY_OVERDUE), TIMER)
        return len(found)

    async def apply(self, case: Case, body: EventIn, actor: Principal) -> None:
        """Apply an allowed event to a locked case; the caller has checked who may."""
        check_fields(body)
        now = self._clock.now()
        events = await self._cases.history(case.id)
        day = self._day(body, events[-1])
        check_conditions(case, body, events, day, self._policies)
        reckoned = self._reckon(body.estimate) if body.estimate else None
        before = State(case.state)
        after = next_state(body.event, before, _state_or_none(case.state_before_suspension))
        if after is not before:
            case.state_before_suspension = before if after is State.SUSPENDED else None
        case.state = after
        case.version += 1
        _take_over(case, body, day)
        event = self._event(case, body, before, events[-1].seq + 1, day, actor, now)
        told = await self._subjects.measures_of(case.respondent_subject_id, case.respondent_key)
        cited = self._policies.measures.citations(told, "case", body.event, day, case.region)
        event.data = {**event.data, **cited}
        if reckoned is not None:
            event.data = {**event.data, "estimate": reckoned.model_dump(mode="json")}
        if body.event is Event.SUSPECT_VIOLATION:
            event.data = {
                **event.data,
                "enforcement_case_id": str(
                    await self._clues.open_from_case(case, body.violation_code, body.note or "", actor, now)
                ),
            }
        found = deadlines_of(case, [*events, event], self._policies.procedure, self._today())
        set_next_due(case, found)
        await self._cases.add_event(event)
        if (kind := DOCUMENTS.get(body.event)) is not None:
            await self._documents.request(kind, case, event, found, body, reckoned, now)
        await self._announce(case, body, now)

    async def visible(self, case_id: UUID, reader: Principal) -> Case:
        """The row of a case the reader may see. Raises CaseNotFound."""
        case = await self._cases.find(case_id, reader)
        if case is None:
            raise CaseNotFound
        return case

    def _today(self) -> date:
        return china_date(self._clock.now())

    def _reckon(self, wanted: EstimateIn) -> EstimateOut:
        """The estimate of an agreement is reckoned here, in the language of the paper."""
        try:
            return self._compensation.estimate(wanted, "zh")
        except InvalidPayload as problem:
            errors: list[FieldError] = problem.extensions["errors"]
            raise InvalidPayload(
                [FieldError(f"/estimate{error.pointer}", error.detail) for error in errors]
            ) from problem

    def _search(self, q: str | None) -> tuple[str | None, list[str] | None]:
        if q is None:
            return None, None
        text = q.strip().upper()
        if is_case_number(text):
            return text, None
        try:
            return None, self._safe.phone_indexes(normal_phone(text))
        except ValueError as error:
            raise InvalidPayload(
                [
                    FieldError(
                        "query/q",
                        Text("须为完整的案件编号或电话号码", "A whole case or phone number is needed"),
                    )
                ]
            ) from error

    def _day(self, body: EventIn, last: CaseEvent) -> date:
        today = self._today()
        day = body.happened_on or today
        if not last.on_day <= day <= today:
            raise InvalidPayload.at(
                "/happened_on",
                Text(
                    f"须在上一环节（{last.on_day.isoformat()}）与今日之间",
                    f"must lie between the last event ({last.on_day.isoformat()}) and today",
                ),
            )
        return day

    def _event(
        self,
        case: Case,
        body: EventIn,
        before: State,
        seq: int,
        day: date,
        actor: Principal,
        now: datetime,
    ) -> CaseEvent:
        given = body.model_dump(mode="json", exclude_none=True, exclude={"event", "happened_on"})
        data = {name: value for name, value in given.items() if name not in PRIVATE}
        private = "\n".join(str(given[name]) for name in sorted(PRIVATE) if name in given)
        rule_set = self._policies.procedure.national(case.received_on)
        return CaseEvent(
            id=new_id(),
            case_id=case.id,
            seq=seq,
            event=body.event,
            from_state=before,
            to_state=case.state,
            on_day=day,
            at=now,
            actor_kind=actor.kind,
            actor=actor.sub,
            data={**data, "article": rule_set.cite(EVENTS[body.event].article)},
            note_cipher=self._safe.seal(case.id, "event", private or None),
        )

    async def _announce(self, case: Case, body: EventIn, now: datetime) -> None:
        session = self._cases.session
        if body.event is Event.ACCEPT:
            await announce_case(session, "case_accepted", case, now, accepted_on=str(case.accepted_on))
        elif body.event is Event.TRANSFER:
            await announce_case(
                session, "case_transferred", case, now, to_department=body.department, to_region=body.region
            )
        elif (outcome := OUTCOMES.get(body.event)) is not None:
            await announce_case(
                session,
                "case_closed",
                case,
                now,
                outcome=outcome,
                amount_fen=case.outcome_amount_fen,
                closed_on=str(case.closed_on),
            )


def _take_over(case: Case, body: EventIn, day: date) -> None:
    """What an event changes on the case beside its state."""
    if body.event is Event.ACCEPT:
        case.accepted_on = day
    elif body.event is Event.SERVE:
        case.served_on = day
    elif body.event is Event.DESIGNATE and body.region is not None:
        case.region = case.jurisdiction = body.region
    elif body.event is Event.REOPEN:
        case.closed_on = None
    if body.event in OUTCOMES or body.event is Event.TRANSFER:
        case.closed_on = day
    if body.amount_fen is not None:
        case.outcome_amount_fen = body.amount_fen


def _state_or_none(value: str | None) -> State | None:
    return State(value) if value else None


def _check_cursor(after: tuple[Any, ...], by_due: bool) -> None:
    try:
        if by_due:
            date.fromisoformat(after[0])
        UUID(after[-1])
    except ValueError as error:
        raise InvalidPayload(
            [FieldError("query/cursor", Text("游标无效", "The cursor is not valid"))]
        ) from error
