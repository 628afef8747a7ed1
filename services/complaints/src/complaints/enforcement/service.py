"""Use cases of enforcement: open a case from a clue, let events happen to it, read it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import Clock, china_date
from common.crypto import Keyring
from common.db import new_id
from common.events import publish
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import Forbidden, InvalidPayload, Text
from common.regions import exists
from sqlalchemy.ext.asyncio import AsyncSession

from complaints.subjects.measures import MeasureBook
from complaints.subjects.repository import SubjectRepository

from .clues import ClueDesk, policy_on, violation_on
from .errors import (
    EnforcementCaseNotFound,
    EventNotAllowed,
    HearingNotAsked,
    HearingTermOver,
    NoHearingOnTheSpot,
    PenaltyOutsideBand,
    RightsStillOpen,
    SamePerson,
    SummaryNotAllowed,
)
from .models import EnforcementCase, EnforcementEvent
from .policy import PenaltyBook, PenaltyPolicy
from .repository import EnforcementRepository, is_officer
from .rules import (
    RESPONDENT_EVENTS,
    Event,
    Past,
    Procedure,
    State,
    breaks_band,
    following,
    hearing_is_pending,
    is_summary,
    may_be_summary,
    rights_open_until,
    unpaid,
)
from .schemas import CaseIn, CaseView, EventIn, EvidenceIn, FileIn, PayIn, ProposeIn
from .views import allowed_to, case_view, note_context, past_of, title_context

__all__ = ["EnforcementService"]


class EnforcementService:
    """Enforcement cases in one transaction."""

    def __init__(
        self,
        session: AsyncSession,
        book: PenaltyBook,
        measures: MeasureBook,
        clock: Clock,
        keyring: Keyring,
    ) -> None:
        self._session, self._book, self._clock, self._keyring = session, book, clock, keyring
        self._measures, self._subjects = measures, SubjectRepository(session)
        self._cases = EnforcementRepository(session)

    async def open(self, actor: Principal, wanted: CaseIn) -> EnforcementCase:
        """Open a case from a clue.

        Raises:
            InvalidPayload: unknown violation or region, a region that is not the caller's, a day to come,
                a complaint outside the caller's regions.
        """
        now = self._clock.now()
        if not exists(wanted.region) or not actor.covers(wanted.region):
            raise InvalidPayload.at(
                "/region", Text("不是本人辖区内的行政区划", "Not a division of your regions")
            )
        if wanted.occurred_on > china_date(now):
            raise InvalidPayload.at("/occurred_on", Text("不得晚于今日", "Must not lie in the future"))
        if wanted.complaint_id is not None and not await self._cases.complaint_in_reach(
            wanted.complaint_id, actor
        ):
            raise InvalidPayload.at("/complaint_id", Text("没有此投诉", "There is no such complaint"))
        return await ClueDesk(self._session, self._book, self._keyring).open(
            actor,
            now,
            respondent_key=wanted.respondent_key,
            violation_code=wanted.violation_code,
            region=wanted.region,
            occurred_on=wanted.occurred_on,
            clue_source=wanted.clue_source,
            clue=wanted.clue,
            complaint_id=wanted.complaint_id,
        )

    async def happen(self, actor: Principal, case_id: UUID, wanted: EventIn) -> EnforcementCase:
        """Let an event happen to a case; it keeps the supervision measures that it must cite.

        Raises:
            EnforcementCaseNotFound: not the caller's to see.
            EventNotAllowed: the state does not take the event.
            Forbidden: an officer's event by the respondent.
            PenaltyOutsideBand, SummaryNotAllowed, RightsStillOpen, HearingTermOver, HearingNotAsked,
            NoHearingOnTheSpot, SamePerson: the law is against it (Administrative Penalty Law arts. 42, 44,
                51, 57, 62-64).
            InvalidPayload: fewer than two different officers, more paid than is due, or a right of the party
                recorded by an officer without saying on what grounds.
        """
        case = await self._cases.find(case_id, actor, lock=True)
        if case is None:
            raise EnforcementCaseNotFound
        event, state = Event(wanted.event), State(case.state)
        if not is_officer(actor) and event not in RESPONDENT_EVENTS:
            raise Forbidden(Text("当事人不能执行此操作", "The respondent cannot do this"))
        after = following(state, event)
        if after is None:
            raise EventNotAllowed(state=state, allowed=allowed_to(state, officer=is_officer(actor)))
        now = self._clock.now()
        today = china_date(now)
        policy = policy_on(self._book, case.occurred_on, case.region)
        history = past_of(await self._cases.history(case.id))
        _check_record(actor, event, wanted)
        match wanted:
            case FileIn():
                _two_officers(wanted, policy)
            case ProposeIn():
                await self._propose(case, actor, wanted, today)
            case PayIn():
                _check_payment(wanted, history)
            case _:
                pass
        match event:
            case Event.REQUEST_HEARING:
                _check_request(policy, history, today)
            case Event.HOLD_HEARING if not hearing_is_pending(history):
                raise HearingNotAsked
            case Event.DECIDE:
                _check_decision(case, actor, policy, history, today)
                case.approved_by, case.decided_on = actor.sub, today
            case Event.SERVE:
                case.served_on = today
            case _:
                pass
        case.state = after
        told = await self._subjects.measures_of(case.respondent_subject_id, case.respondent_key)
        cited = self._measures.citations(told, "enforcement", event, today, case.region)
        self._record(case, actor, event, state, wanted, now, cited)
        await self._session.flush()
        if event is Event.SERVE:
            await self._announce(case, policy, now)
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
        histories = await self._cases.histories([row.id for row in items])
        return Page(
            items=[self._view(row, histories[row.id], actor, language) for row in items],
            next_cursor=following_cursor,
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
        """The case as it crosses the API."""
        return self._view(case, await self._cases.history(case.id), actor, language)

    def _view(
        self, case: EnforcementCase, events: Sequence[EnforcementEvent], actor: Principal, language: str
    ) -> CaseView:
        policy = policy_on(self._book, case.occurred_on, case.region)
        return case_view(case, events, policy, self._keyring, officer=is_officer(actor), language=language)

    async def _propose(self, case: EnforcementCase, actor: Principal, wanted: ProposeIn, today: date) -> None:
        violation = violation_on(self._book, case.violation_code, case.occurred_on, case.region)
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
        if wanted.gradation is not None and violation.band(wanted.gradation) is None:
            raise InvalidPayload.at(
                "/gradation", Text("该违法行为没有此裁量阶次", "This violation knows no such gradation")
            )
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
        if wanted.procedure is Procedure.SUMMARY:
            self._check_summary(case, wanted, today)
        case.penalty_kind, case.amount_fen, case.gradation = wanted.kind, wanted.amount_fen, wanted.gradation
        case.procedure, case.harmed_tourists = wanted.procedure, wanted.harmed_tourists
        if wanted.harmed_tourists is None and case.complaint_id is not None:
            case.harmed_tourists = await self._cases.harmed_a_tourist(case.complaint_id) or None
        case.proposed_by = actor.sub

    def _check_summary(self, case: EnforcementCase, wanted: ProposeIn, today: date) -> None:
        policy = self._book.summary_on(today, case.region)
        if policy is None:
            raise SummaryNotAllowed(
                Text("没有可适用的简易程序规定", "No rules on the summary procedure are in force")
            )
        if may_be_summary(policy, case.respondent_key, wanted.kind, wanted.amount_fen):
            return
        high = policy.high_fen(case.respondent_key)
        raise SummaryNotAllowed(
            Text(
                f"{policy.article}：对该当事人只有警告或者 {high // 100} 元以下的罚款可以当场作出",
                f"{policy.article}: on the spot only a warning or a fine of up to {high // 100} yuan",
            ),
            kinds=policy.kinds,
            high_fen=high,
            article=policy.article,
        )

    async def _announce(self, case: EnforcementCase, policy: PenaltyPolicy, now: datetime) -> None:
        """A decision takes effect when it is served; then credit learns of it. Ids and codes only.

        `violation_confirmed` says that a complaint was justified, so a case of another source says only that
        a penalty was decided.
        """
        common: dict[str, Any] = {
            "case_id": str(case.id),
            "case_number": case.number,
            "subject_key": case.respondent_key,
            "authority": f"{case.department}-{case.region}",
            "region": case.region,
        }
        decided = (case.decided_on or china_date(now)).isoformat()
        told: list[tuple[str, dict[str, Any]]] = []
        if case.complaint_id is not None:
            codes = await self._cases.categories_of(case.complaint_id)
            confirmed = {"problem_codes": codes, "confirmed_on": decided, "responsibility": "main"}
            told.append(("violation_confirmed", common | confirmed))
        penalty = common | {
            "kind": case.penalty_kind,
            "amount_fen": case.amount_fen or 0,
            "article": policy.by_code[case.violation_code].article,
            "violation_code": case.violation_code,
            "procedure": case.procedure,
            "harmed_tourists": case.harmed_tourists,
            "decided_on": decided,
        }
        told.append(("penalty_decided", penalty))
        for name, data in told:
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
        event: Event,
        before: State,
        wanted: EventIn,
        now: datetime,
        cited: dict[str, Any],
    ) -> None:
        identity = new_id()
        data = wanted.model_dump(mode="json", exclude={"event", "note"}, exclude_none=True) | cited
        if isinstance(wanted, EvidenceIn):
            data["title"] = self._keyring.encrypt(wanted.title, context=title_context(identity))
        if event in RESPONDENT_EVENTS and is_officer(actor):
            data["on_behalf"] = True
        note = wanted.note
        case.version += 1
        self._cases.add(
            EnforcementEvent(
                id=identity,
                case_id=case.id,
                seq=case.version,
                event=event,
                from_state=before,
                to_state=case.state,
                on_day=china_date(now),
                at=now,
                actor=actor.sub,
                data=data,
                note_cipher=self._keyring.encrypt(note, context=note_context(identity)) if note else None,
            )
        )


def _two_officers(wanted: FileIn, policy: PenaltyPolicy) -> None:
    officers = {name.strip() for name in wanted.officers} - {""}
    minimum = policy.procedure["minimum_officers"]
    if len(officers) < (minimum.count or 2):
        raise InvalidPayload.at(
            "/officers",
            Text(
                f"至少 {minimum.count} 名不同的执法人员（{minimum.article}）",
                f"At least {minimum.count} officers",
            ),
        )


def _check_record(actor: Principal, event: Event, wanted: EventIn) -> None:
    """What the party did in person or on paper an officer may record, but must say on what grounds."""
    if is_officer(actor) and event in RESPONDENT_EVENTS and wanted.note is None:
        raise InvalidPayload.at(
            "/note",
            Text(
                "代为记录当事人的行为须写明依据（如当事人提交的书面材料）",
                "Recording what the party did needs its grounds, such as the paper the party handed in",
            ),
        )


def _check_payment(wanted: PayIn, history: Sequence[Past]) -> None:
    due = unpaid(history)
    if wanted.amount_fen > due:
        raise InvalidPayload.at(
            "/amount_fen", Text(f"超过尚未缴纳的罚款（{due} 分）", f"More than the {due} fen that are due")
        )


def _check_request(policy: PenaltyPolicy, history: Sequence[Past], today: date) -> None:
    if is_summary(history):
        raise NoHearingOnTheSpot
    term = rights_open_until(policy, history)
    if term is None or today > term.due_on:
        raise HearingTermOver(until=term.due_on.isoformat() if term else None)


def _check_decision(
    case: EnforcementCase, actor: Principal, policy: PenaltyPolicy, history: Sequence[Past], today: date
) -> None:
    if actor.sub == case.proposed_by:
        raise SamePerson
    term = rights_open_until(policy, history)
    if hearing_is_pending(history) or (term is not None and today <= term.due_on):
        raise RightsStillOpen(until=term.due_on.isoformat() if term else None)
