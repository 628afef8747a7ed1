"""Use cases of enforcement: open a case from a clue, let events happen to it, read it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import Clock, china_date
from common.crypto import Keyring
from common.db import new_id
from common.events import publish
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.policies import PolicyNotInForce
from common.problems import Forbidden, InvalidPayload, Text
from common.regions import exists
from sqlalchemy.ext.asyncio import AsyncSession

from complaints.cases.repository import CaseRepository
from complaints.subjects.repository import SubjectRepository

from .errors import (
    EnforcementCaseNotFound,
    EventNotAllowed,
    PenaltyOutsideBand,
    RightsStillOpen,
    SamePerson,
)
from .models import EnforcementCase, EnforcementEvent
from .policy import PenaltyBook, PenaltyPolicy, Violation
from .repository import EnforcementRepository
from .rules import (
    RESPONDENT_EVENTS,
    Event,
    Past,
    State,
    allowed,
    breaks_band,
    deadlines,
    following,
    hearing_is_pending,
    rights_open_until,
)
from .schemas import CaseIn, CaseView, DeadlineView, EventIn, EventView, ProposeIn

__all__ = ["EnforcementService"]

DEPARTMENT = "WZ"
TERMS = {
    "decide": "decide_within",
    "request_hearing": "hearing_request",
    "serve": "serve_within",
    "pay": "pay_within",
}


class EnforcementService:
    """Enforcement cases in one transaction."""

    def __init__(self, session: AsyncSession, book: PenaltyBook, clock: Clock, keyring: Keyring) -> None:
        self._session, self._book, self._clock, self._keyring = session, book, clock, keyring
        self._cases = EnforcementRepository(session)

    async def open(self, actor: Principal, wanted: CaseIn) -> EnforcementCase:
        """Open a case from a clue.

        Raises:
            InvalidPayload: unknown violation or region, a region that is not the caller's, a day to come,
                a complaint that the caller cannot see.
        """
        now = self._clock.now()
        if not exists(wanted.region) or not actor.covers(wanted.region):
            raise InvalidPayload.at(
                "/region", Text("不是本人辖区内的行政区划", "Not a division of your regions")
            )
        if wanted.occurred_on > china_date(now):
            raise InvalidPayload.at("/occurred_on", Text("不得晚于今日", "Must not lie in the future"))
        self._violation(wanted.violation_code, wanted.occurred_on, wanted.region)
        if wanted.complaint_id is not None:
            complaint = await CaseRepository(self._session).find(wanted.complaint_id, actor)
            if complaint is None:
                raise InvalidPayload.at("/complaint_id", Text("没有此投诉", "There is no such complaint"))
        subject = await SubjectRepository(self._session).find_by_key(wanted.respondent_key)
        identity = new_id()
        year = china_date(now).year
        serial = await self._cases.next_serial(f"enforcement/{wanted.region}/{year}")
        case = EnforcementCase(
            id=identity,
            number=f"ZF{wanted.region}{year}{serial:06d}",
            version=0,
            state=State.CLUE,
            region=wanted.region,
            department=DEPARTMENT,
            respondent_key=wanted.respondent_key,
            respondent_subject_id=subject.id if subject else None,
            violation_code=wanted.violation_code,
            occurred_on=wanted.occurred_on,
            complaint_id=wanted.complaint_id,
            clue_source=wanted.clue_source,
            clue_cipher=self._keyring.encrypt(wanted.clue, context=f"enforcement:{identity}"),
            opened_by=actor.sub,
            opened_at=now,
        )
        self._record(case, actor, "open", State.CLUE, {"clue_source": wanted.clue_source}, None, now)
        self._cases.add(case)
        await self._session.flush()
        return case

    async def happen(self, actor: Principal, case_id: UUID, wanted: EventIn) -> EnforcementCase:
        """Let an event happen to a case.

        Raises:
            EnforcementCaseNotFound: not the caller's to see.
            EventNotAllowed: the state does not take the event.
            Forbidden: an officer's event by the respondent.
            PenaltyOutsideBand, RightsStillOpen, SamePerson: the law is against it.
            InvalidPayload: fewer than two different officers, or a sum that is not the fine.
        """
        case = await self._cases.find(case_id, actor, lock=True)
        if case is None:
            raise EnforcementCaseNotFound
        event, state = Event(wanted.event), State(case.state)
        if actor.kind in {"agency", "guide"} and event not in RESPONDENT_EVENTS:
            raise Forbidden(Text("当事人不能执行此操作", "The respondent cannot do this"))
        after = following(state, event)
        if after is None:
            raise EventNotAllowed(state=state, allowed=allowed(state))
        now = self._clock.now()
        policy = self._policy(case.occurred_on, case.region)
        history = _past(await self._cases.history(case.id))
        match event:
            case Event.FILE:
                _two_officers(wanted, policy)
            case Event.PROPOSE:
                assert isinstance(wanted, ProposeIn)  # noqa: S101
                self._propose(case, actor, wanted)
            case Event.DECIDE:
                self._decide(case, actor, policy, history, china_date(now))
            case Event.SERVE:
                case.served_on = china_date(now)
            case _:
                pass
        case.state = after
        data = wanted.model_dump(mode="json", exclude={"event", "note"}, exclude_none=True)
        self._record(case, actor, event, after, data, wanted.note, now)
        await self._session.flush()
        if event is Event.SERVE:
            await self._announce(case, now)
        return case

    async def list_of(
        self,
        actor: Principal,
        state: str | None,
        key: str | None,
        cursor: str | None,
        limit: int,
        language: str,
    ) -> Page[CaseView]:
        """The caller's cases, newest first."""
        after = None
        if cursor is not None:
            try:
                after = UUID(decode_cursor(cursor, str)[0])
            except ValueError as error:
                raise InvalidPayload.at(
                    "query/cursor", Text("游标无效", "The cursor is not valid")
                ) from error
        rows = await self._cases.page(actor, state, key, after, limit)
        items, following_cursor = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(
            items=[await self.view(row, actor, language) for row in items], next_cursor=following_cursor
        )

    async def get(self, actor: Principal, case_id: UUID) -> EnforcementCase:
        """One case.

        Raises:
            EnforcementCaseNotFound: no such case, or not the caller's.
        """
        case = await self._cases.find(case_id, actor)
        if case is None:
            raise EnforcementCaseNotFound
        return case

    async def view(self, case: EnforcementCase, actor: Principal, language: str) -> CaseView:
        """The case as it crosses the API. The respondent sees neither the clue nor where it came from."""
        events = await self._cases.history(case.id)
        policy = self._policy(case.occurred_on, case.region)
        violation = policy.by_code[case.violation_code]
        band = violation.band(case.gradation) or violation.fine
        officer = actor.subject_id is None
        seen = [e for e in events if officer or e.event not in {"open", Event.FILE, Event.ADD_EVIDENCE}]
        running = deadlines(policy, _past(events))
        return CaseView(
            id=case.id,
            number=case.number,
            version=case.version,
            state=case.state,
            region=case.region,
            department=case.department,
            respondent_key=case.respondent_key,
            violation_code=case.violation_code,
            violation=violation.title.en if language == "en" else violation.title.zh,
            article=violation.article,
            occurred_on=case.occurred_on,
            complaint_id=case.complaint_id if officer else None,
            clue_source=case.clue_source if officer else "other",
            clue=self._keyring.decrypt(case.clue_cipher, context=f"enforcement:{case.id}")
            if officer
            else None,
            penalty_kind=case.penalty_kind,
            amount_fen=case.amount_fen,
            gradation=case.gradation,
            band={"low_fen": band.low_fen, "high_fen": band.high_fen},
            decided_on=case.decided_on,
            served_on=case.served_on,
            allowed_events=[e for e in allowed(State(case.state)) if officer or e in RESPONDENT_EVENTS],
            deadlines=[
                DeadlineView(
                    event=event,
                    due_on=count.due_on,
                    unit=count.unit,
                    counted_days=list(count.counted_days),
                    article=policy.procedure[TERMS[event]].article,  # type: ignore[index]
                    status=policy.procedure[TERMS[event]].status,  # type: ignore[index]
                    provisional=count.provisional,
                )
                for event, count in running.items()
            ],
            history=[self._event_view(case, event) for event in seen],
        )

    def _event_view(self, case: EnforcementCase, event: EnforcementEvent) -> EventView:
        note = event.note_cipher
        return EventView(
            seq=event.seq,
            event=event.event,
            to_state=event.to_state,
            on=event.on_day,
            at=event.at,
            actor=event.actor,
            data=event.data,
            note=self._keyring.decrypt(note, context=f"enforcement:{case.id}") if note else None,
        )

    def _propose(self, case: EnforcementCase, actor: Principal, wanted: ProposeIn) -> None:
        violation = self._violation(case.violation_code, case.occurred_on, case.region)
        if wanted.kind not in violation.kinds:
            raise PenaltyOutsideBand(
                Text(f"{violation.article} 没有规定此种处罚", f"{violation.article} knows no such penalty"),
                kinds=violation.kinds,
                article=violation.article,
            )
        if wanted.kind != "fine" and (wanted.amount_fen is not None or wanted.gradation is not None):
            raise InvalidPayload.at(
                "/amount_fen", Text("只有罚款有金额与裁量阶次", "Only a fine has an amount")
            )
        if wanted.gradation is not None and violation.gradations and violation.band(wanted.gradation) is None:
            raise InvalidPayload.at("/gradation", Text("没有此裁量阶次", "No such gradation"))
        band = breaks_band(violation, wanted.kind, wanted.amount_fen, wanted.gradation)
        if band is not None:
            raise PenaltyOutsideBand(
                Text(
                    f"{violation.article}：罚款须在 {band.low_fen // 100} 元至 {band.high_fen // 100} 元之间",
                    f"{violation.article}: a fine of {band.low_fen // 100} to {band.high_fen // 100} yuan",
                ),
                low_fen=band.low_fen,
                high_fen=band.high_fen,
                article=violation.article,
            )
        case.penalty_kind, case.amount_fen, case.gradation = wanted.kind, wanted.amount_fen, wanted.gradation
        case.proposed_by = actor.sub

    def _decide(
        self, case: EnforcementCase, actor: Principal, policy: PenaltyPolicy, history: list[Past], today: date
    ) -> None:
        if actor.sub == case.proposed_by:
            raise SamePerson
        open_until = rights_open_until(policy, history)
        if hearing_is_pending(history) or (open_until is not None and today <= open_until.due_on):
            raise RightsStillOpen(until=open_until.due_on.isoformat() if open_until else None)
        case.approved_by = actor.sub
        case.decided_on = today

    async def _announce(self, case: EnforcementCase, now: datetime) -> None:
        """A decision takes effect when it is served; then credit learns of it. Ids and codes only."""
        policy = self._policy(case.occurred_on, case.region)
        codes: list[str] = []
        if case.complaint_id is not None:
            codes = await self._cases.categories_of(case.complaint_id)
        common: dict[str, Any] = {
            "case_id": str(case.id),
            "case_number": case.number,
            "subject_key": case.respondent_key,
            "authority": f"{case.department}-{case.region}",
            "region": case.region,
        }
        decided = (case.decided_on or china_date(now)).isoformat()
        confirmed = common | {"problem_codes": codes, "confirmed_on": decided, "responsibility": "main"}
        penalty = common | {
            "kind": case.penalty_kind,
            "amount_fen": case.amount_fen or 0,
            "article": policy.by_code[case.violation_code].article,
            "violation_code": case.violation_code,
            "decided_on": decided,
        }
        for name, data in (("violation_confirmed", confirmed), ("penalty_decided", penalty)):
            await publish(
                self._session,
                service="complaints",
                name=name,
                aggregate_id=case.id,
                aggregate_version=case.version,
                data=data,
                now=now,
            )

    def _record(
        self,
        case: EnforcementCase,
        actor: Principal,
        event: str,
        to_state: State,
        data: dict[str, Any],
        note: str | None,
        now: datetime,
    ) -> None:
        case.version += 1
        self._cases.add(
            EnforcementEvent(
                id=new_id(),
                case_id=case.id,
                seq=case.version,
                event=event,
                from_state=None,
                to_state=to_state,
                on_day=china_date(now),
                at=now,
                actor=actor.sub,
                data=data,
                note_cipher=self._keyring.encrypt(note, context=f"enforcement:{case.id}") if note else None,
            )
        )

    def _policy(self, day: date, region: str) -> PenaltyPolicy:
        try:
            return self._book.on(day, region)
        except PolicyNotInForce as error:
            raise InvalidPayload.at(
                "/occurred_on", Text("当日无可适用的处罚规定", "No penalty rules were in force on that day")
            ) from error

    def _violation(self, code: str, day: date, region: str) -> Violation:
        policy = self._policy(day, region)
        violation = policy.by_code.get(code)
        if violation is None:
            known = ", ".join(policy.by_code)
            raise InvalidPayload.at("/violation_code", Text(f"可用：{known}", f"Known: {known}"))
        return violation


def _past(events: Any) -> list[Past]:
    return [Past(Event(row.event), row.on_day, row.data) for row in events if row.event != "open"]


def _two_officers(wanted: EventIn, policy: PenaltyPolicy) -> None:
    officers = set(getattr(wanted, "officers", []))
    minimum = policy.procedure["minimum_officers"]
    if len(officers) < (minimum.count or 2):
        raise InvalidPayload.at(
            "/officers",
            Text(
                f"至少 {minimum.count} 名不同的执法人员（{minimum.article}）",
                f"At least {minimum.count} officers",
            ),
        )
