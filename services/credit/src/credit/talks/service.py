"""Use cases of regulatory talks and mystery visits."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from sqlalchemy.ext.asyncio import AsyncSession

from credit.campaigns.repository import CampaignRepository
from credit.environment import Environment
from credit.inspectors.service import InspectorService
from credit.paging import cursor_id
from credit.papers.service import PaperService
from credit.plans.repository import NumberRepository
from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .errors import CommitmentNotFound, MysteryVisitNotFound, TalkConflict, TalkNotFound
from .models import MysteryVisit, MysteryVisitWithdrawal, Talk
from .repository import TalkRepository
from .rules import Advice, TalkState
from .schemas import (
    AboutIn,
    CommitmentKeptIn,
    CommitmentView,
    HeldIn,
    MysteryVisitIn,
    MysteryVisitView,
    ObservationIn,
    TalkBrief,
    TalkIn,
    TalkView,
    VisitWithdrawalIn,
    VisitWithdrawalView,
)

__all__ = ["TalkService"]

_CONTEXT = "credit.talk.minutes"


class TalkService:
    """约谈 and 暗访 as records: neither is a fact, so neither scores."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._talks = TalkRepository(session)
        self._numbers = NumberRepository(session)
        self._subjects = SubjectRepository(session)
        self._papers = PaperService(session, env)
        self._campaigns = CampaignRepository(session)
        self._inspectors = InspectorService(session, env)

    async def invite(self, actor: Principal, wanted: TalkIn) -> TalkView:
        """Invite a subject's principal to a talk; the invitation is a numbered paper.

        Raises:
            SubjectNotFound: not in the caller's regions.
            InvalidPayload: the time is past.
        """
        subject = await self._subject(actor, wanted.subject_id)
        await self._check_campaign(actor, wanted.campaign_id)
        now = self._env.clock.now()
        if wanted.planned_at <= now:
            raise InvalidPayload.at("/planned_at", Text("须晚于现在", "Must lie ahead"))
        talk = Talk(
            id=new_id(),
            number=await self._number("talk", "TALK"),
            subject_id=subject.id,
            region=subject.region,
            campaign_id=wanted.campaign_id,
            about=wanted.about.model_dump(mode="json") if wanted.about else None,
            reason=wanted.reason,
            legal_basis=wanted.legal_basis,
            department=wanted.department,
            place=wanted.place,
            planned_at=wanted.planned_at,
            state=TalkState.INVITED,
            commitments=[],
            created_by=actor.sub,
            created_at=now,
        )
        self._talks.add(talk)
        await self._session.flush()
        planned = china_date(wanted.planned_at)
        paper = await self._papers.issue(
            "talk_invitation",
            subject,
            ("talk", talk.id),
            self._about(talk) | {"planned_at": planned.isoformat(), "basis_said": talk.legal_basis},
            by=actor.sub,
        )
        talk.invitation_paper = paper.id
        await self._session.flush()
        return self._view(talk)

    async def hold(self, actor: Principal, talk_id: UUID, wanted: HeldIn) -> TalkView:
        """Record the talk: minutes, who came by office, what was promised. The record is a numbered paper.

        Raises:
            TalkNotFound, TalkConflict: not the caller's, or over.
            InvalidPayload: it would lie in the future or before the invitation; or an official stands twice,
                was not on duty in the library on that day, or had to keep away.
        """
        talk = await self._open(actor, talk_id)
        subject = await self._subject(actor, talk.subject_id)
        if wanted.held_at > self._env.clock.now():
            raise InvalidPayload.at("/held_at", Text("不得晚于现在", "Must not lie in the future"))
        if wanted.held_at < talk.created_at:
            raise InvalidPayload.at(
                "/held_at", Text("不得早于约谈通知", "Must not lie before the invitation")
            )
        await self._inspectors.check_team(
            wanted.officials, subject.id, talk.region, "/officials", on=china_date(wanted.held_at)
        )
        said = {
            "officials": wanted.officials,
            "attended_by": wanted.attended_by,
            "minutes": wanted.minutes,
        }
        talk.state, talk.held_at, talk.closed_by = TalkState.HELD, wanted.held_at, actor.sub
        talk.minutes_cipher = self._env.keyring.encrypt(
            json.dumps(said, ensure_ascii=False), context=_CONTEXT
        )
        talk.commitments = [
            one.model_dump(mode="json") | {"kept": None, "note": None} for one in wanted.commitments
        ]
        talk.version += 1
        await self._session.flush()
        promises = "\n".join(f"{one.due_on.isoformat()} 前：{one.text}" for one in wanted.commitments) or "无"
        data = self._about(talk) | {
            "held_at": china_date(wanted.held_at).isoformat(),
            "minutes": wanted.minutes,
            "commitments": promises,
        }
        paper = await self._papers.issue("talk_record", subject, ("talk", talk.id), data, by=actor.sub)
        talk.record_paper = paper.id
        await self._session.flush()
        return self._view(talk)

    async def close(self, actor: Principal, talk_id: UUID, state: TalkState, note: str) -> TalkView:
        """Note that nobody came, or that the talk was called off.

        Raises:
            TalkNotFound, TalkConflict: not the caller's, or over; nobody is missed before the planned time.
        """
        talk = await self._open(actor, talk_id)
        if state is TalkState.MISSED and self._env.clock.now() < talk.planned_at:
            raise TalkConflict(
                Text("约谈时间未到，不得记为未到场", "It is not missed before the planned time"),
                state=talk.state,
                allowed=["hold", "cancel"],
                planned_at=talk.planned_at.isoformat(),
            )
        talk.state, talk.closing_note, talk.closed_by = state, note, actor.sub
        talk.version += 1
        await self._session.flush()
        return self._view(talk)

    async def judge(self, actor: Principal, talk_id: UUID, no: int, wanted: CommitmentKeptIn) -> TalkView:
        """Note whether a promise was kept, once.

        Raises:
            TalkNotFound, CommitmentNotFound: not the caller's, or no such promise.
            TalkConflict: it was judged before.
        """
        talk = await self._talks.talk(talk_id, actor, lock=True)
        if talk is None:
            raise TalkNotFound
        if not 1 <= no <= len(talk.commitments):
            raise CommitmentNotFound
        promises = [dict(one) for one in talk.commitments]
        if promises[no - 1]["kept"] is not None:
            raise TalkConflict(Text("该承诺已核实", "That promise was judged before"))
        promises[no - 1] |= {"kept": wanted.kept, "note": wanted.note}
        talk.commitments = promises
        talk.version += 1
        await self._session.flush()
        return self._view(talk)

    async def get(self, actor: Principal, talk_id: UUID) -> TalkView:
        """A talk of the caller's regions. Raises TalkNotFound."""
        talk = await self._talks.talk(talk_id, actor)
        if talk is None:
            raise TalkNotFound
        return self._view(talk)

    async def search(
        self,
        actor: Principal,
        subject_id: UUID | None,
        campaign_id: UUID | None,
        state: TalkState | None,
        cursor: str | None,
        limit: int,
    ) -> Page[TalkBrief]:
        """Talks of the caller's regions, the newest first. Raises InvalidPayload for a foreign cursor."""
        rows = await self._talks.talks(actor, subject_id, campaign_id, state, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        return Page(items=[_brief(row) for row in items], next_cursor=following)

    async def note_visit(self, actor: Principal, wanted: MysteryVisitIn) -> MysteryVisitView:
        """Record a mystery visit by at least two.

        Raises:
            SubjectNotFound: not in the caller's regions.
            InvalidPayload: a day in the future; or a visitor named twice, not on duty in the library on that
                day, or recused then.
        """
        subject = await self._subject(actor, wanted.subject_id)
        await self._check_campaign(actor, wanted.campaign_id)
        now = self._env.clock.now()
        if wanted.visited_on > china_date(now):
            raise InvalidPayload.at("/visited_on", Text("不得晚于今日", "Must not lie in the future"))
        await self._inspectors.check_team(
            wanted.visitors, subject.id, subject.region, "/visitors", on=wanted.visited_on
        )
        visit = MysteryVisit(
            id=new_id(),
            number=await self._number("mystery", "MV"),
            subject_id=subject.id,
            region=subject.region,
            campaign_id=wanted.campaign_id,
            visited_on=wanted.visited_on,
            visitors=wanted.visitors,
            observations=[one.model_dump(mode="json") for one in wanted.observations],
            advice=wanted.advice,
            noted_by=actor.sub,
            noted_at=now,
        )
        self._talks.add(visit)
        await self._session.flush()
        return _visit(visit, None)

    async def withdraw_visit(
        self, actor: Principal, visit_id: UUID, wanted: VisitWithdrawalIn
    ) -> MysteryVisitView:
        """Take back a mystery visit that was recorded wrongly: it stays on record and counts nowhere.

        Raises:
            MysteryVisitNotFound: not in the caller's regions.
            TalkConflict: it was withdrawn before.
        """
        visit = await self._talks.visit(visit_id, actor)
        if visit is None:
            raise MysteryVisitNotFound
        await self._subjects.lock(visit.subject_id, None)
        if await self._talks.withdrawals([visit.id]):
            raise TalkConflict(Text("该暗访记录已撤回", "The mystery visit has been withdrawn"))
        row = MysteryVisitWithdrawal(
            visit_id=visit.id,
            reason=wanted.reason,
            withdrawn_by=actor.sub,
            withdrawn_at=self._env.clock.now(),
        )
        self._talks.add(row)
        await self._session.flush()
        return _visit(visit, row)

    async def get_visit(self, actor: Principal, visit_id: UUID) -> MysteryVisitView:
        """A mystery visit of the caller's regions. Raises MysteryVisitNotFound."""
        visit = await self._talks.visit(visit_id, actor)
        if visit is None:
            raise MysteryVisitNotFound
        return _visit(visit, (await self._talks.withdrawals([visit.id])).get(visit.id))

    async def search_visits(
        self,
        actor: Principal,
        subject_id: UUID | None,
        campaign_id: UUID | None,
        cursor: str | None,
        limit: int,
    ) -> Page[MysteryVisitView]:
        """Mystery visits of the caller's regions, newest first. Raises InvalidPayload: a foreign cursor."""
        rows = await self._talks.visits(actor, subject_id, campaign_id, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row.id)))
        gone = await self._talks.withdrawals([row.id for row in items])
        return Page(items=[_visit(row, gone.get(row.id)) for row in items], next_cursor=following)

    async def _subject(self, actor: Principal, subject_id: UUID) -> Subject:
        subject = await self._subjects.lock(subject_id, actor)
        if subject is None or actor.subject_id is not None:
            raise SubjectNotFound
        return subject

    async def _check_campaign(self, actor: Principal, campaign_id: UUID | None) -> None:
        if campaign_id is not None and not await self._campaigns.is_open_to(campaign_id, actor):
            raise InvalidPayload.at("/campaign_id", Text("没有该专项行动", "There is no such campaign"))

    async def _open(self, actor: Principal, talk_id: UUID) -> Talk:
        talk = await self._talks.talk(talk_id, actor, lock=True)
        if talk is None:
            raise TalkNotFound
        if talk.state != TalkState.INVITED:
            raise TalkConflict(state=talk.state, allowed=[])
        return talk

    async def _number(self, series: str, word: str) -> str:
        year = china_date(self._env.clock.now()).year
        return f"{word}-{year}-{await self._numbers.next(series, year):06d}"

    def _about(self, talk: Talk) -> dict[str, Any]:
        return {
            "talk": talk.number,
            "reason": talk.reason,
            "place": talk.place,
            "department": talk.department,
        }

    def _view(self, talk: Talk) -> TalkView:
        today = china_date(self._env.clock.now())
        said = (
            json.loads(self._env.keyring.decrypt(talk.minutes_cipher, context=_CONTEXT))
            if talk.minutes_cipher
            else {}
        )
        return TalkView(
            **_brief(talk).model_dump(),
            about=AboutIn(**talk.about) if talk.about else None,
            legal_basis=talk.legal_basis,
            place=talk.place,
            officials=said.get("officials", []),
            attended_by=said.get("attended_by", []),
            minutes=said.get("minutes"),
            commitments=[
                CommitmentView(
                    no=no,
                    text=one["text"],
                    due_on=date.fromisoformat(one["due_on"]),
                    kept=one["kept"],
                    note=one["note"],
                    overdue=one["kept"] is None and date.fromisoformat(one["due_on"]) < today,
                )
                for no, one in enumerate(talk.commitments, 1)
            ],
            closing_note=talk.closing_note,
            invitation_paper=talk.invitation_paper,
            record_paper=talk.record_paper,
        )


def _brief(talk: Talk) -> TalkBrief:
    return TalkBrief(
        id=talk.id,
        number=talk.number,
        subject_id=talk.subject_id,
        region=talk.region,
        campaign_id=talk.campaign_id,
        reason=talk.reason,
        department=talk.department,
        planned_at=talk.planned_at,
        state=TalkState(talk.state),
        held_at=talk.held_at,
    )


def _visit(row: MysteryVisit, gone: MysteryVisitWithdrawal | None) -> MysteryVisitView:
    return MysteryVisitView(
        id=row.id,
        number=row.number,
        subject_id=row.subject_id,
        region=row.region,
        campaign_id=row.campaign_id,
        visited_on=row.visited_on,
        visitors=row.visitors,
        observations=[ObservationIn(**one) for one in row.observations],
        advice=Advice(row.advice),
        noted_by=row.noted_by,
        noted_at=row.noted_at,
        withdrawn=None
        if gone is None
        else VisitWithdrawalView(
            reason=gone.reason, withdrawn_by=gone.withdrawn_by, withdrawn_at=gone.withdrawn_at
        ),
    )
