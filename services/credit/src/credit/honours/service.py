"""Use cases of honours: apply or propose, review, grant by a second person, suspend, revoke by procedure."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from common import regions
from common.auth import Principal
from common.calendar import add_months, add_working_days
from common.clock import china_date
from common.db import new_id
from common.pagination import Page, encode_cursor, page_of
from common.problems import Forbidden, InvalidPayload, SecondPersonNeeded, Text
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from credit.affected import Affected
from credit.environment import Environment
from credit.evidence.written import WrittenRequests
from credit.internal import is_authority
from credit.paging import cursor_id
from credit.papers.service import PaperService
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository

from .deeds import HonourDeeds
from .errors import CriteriaNotMet, HonourNotFound, HonourOpen, HonourRefused, TooEarly
from .models import Honour, HonourAct
from .policy import HonourPolicy
from .repository import HonourRepository
from .rules import Act, State, after, allowed, failed
from .schemas import CriterionView, HonourActView, HonourIn, HonourView, PublicHonourView, StatementIn
from .standing import about

__all__ = ["HonourService"]

Found = Row[Honour, Subject]
_AS_SHOWN: dict[str, Any] = {
    "state": State.GRANTED,
    "allowed": [],
    "criteria": [],
    "recommended": None,
    "notified_on": None,
    "due_on": None,
    "provisional": False,
    "overdue": False,
    "failing": [],
    "acts": [],
}
"""What is said of a held honour to those who are not told how it stands beside that."""
_NO_SUCH = Text("该类主体在该地区没有此荣誉", "There is no such honour for this kind there")
_NOT_SO = Text("此荣誉不由该方提出", "This honour is not begun by that side")
_PLEDGE = Text("质量承诺须有承诺内容，其他荣誉没有", "A pledge needs its text, other honours have none")


class HonourService:
    """Honours. Nobody grants what he reviewed, and nobody revokes what he gave notice of."""

    def __init__(self, session: AsyncSession, env: Environment, language: str = "zh") -> None:
        self._session, self._env, self._language = session, env, language
        self._honours = HonourRepository(session)
        self._subjects = SubjectRepository(session)
        self._deeds = HonourDeeds(session, env)
        self._written = WrittenRequests(session, env)

    async def apply(self, actor: Principal, wanted: HonourIn) -> HonourView:
        """Apply as the subject's own user, or propose as an officer, where the policy allows that.

        Raises:
            HonourNotFound: the subject is not the caller's.
            Forbidden: neither the subject itself nor an officer with `credit:write`.
            InvalidPayload: no such honour there for this kind, not on this initiative, no pledge.
            HonourOpen: the subject holds it, or has applied.
        """
        subject = await self._subjects.lock(wanted.subject_id, actor)
        if subject is None:
            raise HonourNotFound
        _may_act_for(actor, subject)
        now = self._env.clock.now()
        today = china_date(now)
        policy = self._env.rulebook.honours.find(wanted.honour, on=today, region=subject.region)
        if policy is None or subject.kind not in policy.kinds:
            raise InvalidPayload.at("/honour", _NO_SUCH)
        if ("apply" if actor.subject_id else "propose") not in policy.initiative:
            raise InvalidPayload.at("/honour", _NOT_SO)
        if (policy.form == "pledge") != (wanted.pledge is not None):
            raise InvalidPayload.at("/pledge", _PLEDGE)
        due = add_working_days(today, policy.review_within_working_days)
        honour = Honour(
            id=new_id(),
            number=await PaperService(self._session, self._env).record_number("HON", subject.region),
            subject_id=subject.id,
            policy_id=policy.id,
            policy_version=policy.version,
            policy_region=policy.region,
            region=subject.region,
            pledge=wanted.pledge,
            state=State.APPLIED,
            due_on=due.due_on,
            provisional=due.provisional,
            failing=[],
            applied_by=actor.sub,
            applied_at=now,
        )
        if not await self._honours.add_once(honour):
            raise HonourOpen
        return await self._shown(actor, honour.id)

    async def search(
        self, actor: Principal, filters: dict[str, Any], cursor: str | None, limit: int
    ) -> Page[HonourView]:
        """Honours the caller may see, the newest first. Raises InvalidPayload for a foreign cursor.

        Who does not see what is internal finds held ones only, and nothing of how they stand beside that.
        """
        every = self._sees(actor)
        if not every and filters.get("state") not in (None, State.GRANTED):
            return Page(items=[])
        if not every:
            filters = {name: one for name, one in filters.items() if name != "state"}
        rows = await self._honours.page(actor, filters, cursor_id(cursor), limit, all_of=every)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        acts = await self._honours.acts_of([row[0].id for row in items])
        views = [await self._view(row, acts.get(row[0].id, []), actor) for row in items]
        return Page(items=views, next_cursor=following)

    async def get(self, actor: Principal, honour_id: UUID) -> HonourView:
        """An honour the caller may see. Raises HonourNotFound."""
        return await self._shown(actor, honour_id)

    async def review(self, actor: Principal, honour_id: UUID, recommend: bool, note: str) -> HonourView:
        """Recommend to grant or to refuse. Raises HonourNotFound, HonourRefused, CriteriaNotMet."""
        honour, subject = await self._begun(actor, honour_id, Act.REVIEW)
        if recommend:
            await self._check(honour, subject)
        due = add_working_days(self._today(), self._deeds.policy(honour).decide_within_working_days)
        honour.recommended, honour.reviewed_by = recommend, actor.sub
        honour.due_on, honour.provisional = due.due_on, due.provisional
        return await self._done(actor, honour, Act.REVIEW, note)

    async def grant(self, actor: Principal, honour_id: UUID, note: str) -> HonourView:
        """Grant what was recommended, by somebody else than the reviewer and the applicant.

        The criteria are looked at again; the honour's fact and certificate are made in the same transaction.
        Raises HonourNotFound, HonourRefused, SecondPersonNeeded, CriteriaNotMet.
        """
        honour, subject = await self._begun(actor, honour_id, Act.GRANT)
        if actor.sub in (honour.reviewed_by, honour.applied_by):
            raise SecondPersonNeeded
        if not honour.recommended:
            raise HonourRefused(state=honour.state, allowed=[str(Act.REFUSE), str(Act.REVIEW)])
        await self._check(honour, subject)
        today = self._today()
        policy = self._deeds.policy(honour)
        honour.granted_by, honour.granted_on = actor.sub, today
        honour.expires_on, honour.due_on = add_months(today, policy.validity_months), None
        paper = await self._deeds.grant(honour, subject, actor.sub)
        honour.checked_version = subject.version
        return await self._done(actor, honour, Act.GRANT, note, paper)

    async def refuse(self, actor: Principal, honour_id: UUID, note: str) -> HonourView:
        """Refuse with reasons. Raises HonourNotFound, HonourRefused, SecondPersonNeeded."""
        honour, _ = await self._begun(actor, honour_id, Act.REFUSE)
        if actor.sub == honour.reviewed_by:
            raise SecondPersonNeeded
        honour.due_on = None
        return await self._done(actor, honour, Act.REFUSE, note)

    async def withdraw(self, actor: Principal, honour_id: UUID, note: str) -> HonourView:
        """Take an application back. Raises HonourNotFound, HonourRefused, Forbidden."""
        honour, subject = await self._begun(actor, honour_id, Act.WITHDRAW)
        _may_act_for(actor, subject)
        honour.due_on = None
        return await self._done(actor, honour, Act.WITHDRAW, note)

    async def suspend(self, actor: Principal, honour_id: UUID, note: str) -> HonourView:
        """Suspend an honour, or stop showing it, until it is resumed or revoked. As `refuse`."""
        honour, _ = await self._begun(actor, honour_id, Act.SUSPEND)
        return await self._done(actor, honour, Act.SUSPEND, note)

    async def resume(self, actor: Principal, honour_id: UUID, note: str) -> HonourView:
        """End a suspension, if every lasting criterion holds. Raises CriteriaNotMet beside the usual."""
        honour, subject = await self._begun(actor, honour_id, Act.RESUME)
        await self._check(honour, subject, lasting=True)
        honour.failing = []
        return await self._done(actor, honour, Act.RESUME, note)

    async def notify(self, actor: Principal, honour_id: UUID, note: str) -> HonourView:
        """Give notice of an intended revocation with its reasons; the period for a statement begins."""
        honour, subject = await self._begun(actor, honour_id, Act.NOTIFY)
        policy, today = self._deeds.policy(honour), self._today()
        due = add_working_days(today, policy.statement_within_working_days)
        honour.notified_by, honour.notified_on, honour.heard_out = actor.sub, today, False
        honour.due_on, honour.provisional = due.due_on, due.provisional
        paper = await self._deeds.notice(honour, subject, note, due.due_on, actor.sub)
        return await self._done(actor, honour, Act.NOTIFY, note, paper)

    async def state(self, actor: Principal, honour_id: UUID, wanted: StatementIn) -> HonourView:
        """Take down the subject's statement in its period: from its own user, or by an officer from paper.

        Its own word ends the period; what an officer enters does so only if the paper waives the rest.

        Raises:
            HonourNotFound, HonourRefused: as everywhere; or the period is over.
            InvalidPayload: an officer names no written statement whose file was uploaded.
            SecondPersonNeeded: the officer gave the notice.
        """
        honour, subject = await self._begun(actor, honour_id, Act.STATE)
        _may_act_for(actor, subject)
        today, last = self._today(), self._deeds.statement_until(honour)
        if today > last:
            raise HonourRefused(state=honour.state, allowed=["decision"])
        acts = (await self._honours.acts_of([honour.id]))[honour.id]
        paper = await self._written.check(
            actor,
            [subject.id],
            wanted.request,
            about=honour.id,
            since=max(one.done_at for one in acts if one.act == Act.NOTIFY),
            took_part={honour.notified_by},
            refusal=SecondPersonNeeded,
        )
        honour.heard_out = wanted.request is None or wanted.request.waives
        begin = today if honour.heard_out else last
        due = add_working_days(begin, self._deeds.policy(honour).decide_within_working_days)
        honour.due_on, honour.provisional = due.due_on, due.provisional
        await self._deeds.step(honour, Act.STATE, wanted.note, actor.sub, request=paper)
        return await self._shown(actor, honour.id)

    async def decide(self, actor: Principal, honour_id: UUID, revoke: bool, note: str) -> HonourView:
        """Revoke, or let the honour stand, by somebody else than who gave notice.

        An honour that is let stand while a criterion that suspends fails is suspended and not shown.

        Raises:
            HonourNotFound, HonourRefused: as everywhere.
            SecondPersonNeeded: the caller gave the notice, or entered the statement.
            TooEarly: the period still runs, and the subject neither spoke itself nor waived the rest.
        """
        act = Act.REVOKE if revoke else Act.KEEP
        honour, subject = await self._begun(actor, honour_id, act)
        acts = (await self._honours.acts_of([honour.id])).get(honour.id, [])
        if actor.sub in {honour.notified_by, *(one.done_by for one in acts if one.act == Act.STATE)}:
            raise SecondPersonNeeded
        today, last = self._today(), self._deeds.statement_until(honour)
        if not honour.heard_out and today <= last:
            raise TooEarly(until=last.isoformat())
        honour.due_on, paper = None, None
        if revoke:
            honour.revoked_by, honour.ended_on = actor.sub, today
            paper = await self._deeds.revoke(honour, subject, note, actor.sub)
        else:
            unmet = await self._deeds.unmet(honour, subject, today)
            honour.failing = sorted(one.id for one in unmet)
            honour.suspended = any(one.suspends for one in unmet)
        return await self._done(actor, honour, act, note, paper)

    async def public(self, filters: dict[str, Any], cursor: str | None, limit: int) -> Page[PublicHonourView]:
        """Held honours as anyone sees them, the newest first. Raises InvalidPayload."""
        rows = await self._honours.public_page(filters, cursor_id(cursor), limit)
        items, following = page_of(rows, limit, lambda row: encode_cursor(str(row[0].id)))
        return Page(items=[self._public(*row) for row in items], next_cursor=following)

    async def affected_by(self, subject_id: UUID, fact_id: UUID, since: datetime) -> list[Affected]:
        """Honours of the subject on which anything was decided since: criteria see every fact."""
        return [
            Affected(
                kind="honour",
                id=honour.id,
                number=honour.number,
                at=honour.applied_at,
                what=Text("该信息在审查授予条件时可见", "the fact stood when the criteria were looked at"),
            )
            for honour in await self._honours.rests_on(subject_id, since)
        ]

    def _today(self) -> date:
        return china_date(self._env.clock.now())

    async def _check(self, honour: Honour, subject: Subject, *, lasting: bool = False) -> None:
        policy = self._deeds.policy(honour)
        wanted = [one for one in policy.criteria if one.must_last or not lasting]
        unmet = failed(wanted, await about(self._session, self._env, subject, self._today()))
        if unmet:
            raise CriteriaNotMet(unmet=[{"id": one.id, "reason": one.reason} for one in unmet])

    async def _begun(self, actor: Principal, honour_id: UUID, act: Act) -> tuple[Honour, Subject]:
        if (seen := await self._honours.find(honour_id, actor, all_of=self._sees(actor))) is not None:
            await self._subjects.lock(seen[1].id, None)
        row = await self._honours.find(honour_id, actor, all_of=self._sees(actor), lock=True)
        if row is None:
            raise HonourNotFound
        honour, subject = row
        state = State(honour.state)
        flags = {"suspended": honour.suspended, "heard_out": honour.heard_out}
        if after(state, act, **flags) is None:
            raise HonourRefused(state=state, allowed=allowed(state, **flags))
        return honour, subject

    async def _done(
        self, actor: Principal, honour: Honour, act: Act, note: str, paper: UUID | None = None
    ) -> HonourView:
        await self._deeds.step(honour, act, note, actor.sub, paper)
        return await self._shown(actor, honour.id)

    async def _shown(self, actor: Principal, honour_id: UUID) -> HonourView:
        row = await self._honours.find(honour_id, actor, all_of=self._sees(actor))
        if row is None:
            raise HonourNotFound
        acts = (await self._honours.acts_of([honour_id])).get(honour_id, [])
        return await self._view(row, acts, actor)

    def _sees(self, actor: Principal) -> bool:
        return actor.subject_id is not None or is_authority(actor)

    async def _view(self, row: Found, acts: Sequence[HonourAct], actor: Principal) -> HonourView:
        """The honour as it crosses the API; who did what is for authorities only."""
        honour, subject = row
        official = actor.subject_id is None
        policy, today = self._deeds.policy(honour), self._today()
        unmet = {
            one.id for one in failed(policy.criteria, await about(self._session, self._env, subject, today))
        }
        names = ("id", "number", "subject_id", "region", "pledge", "state", "recommended", "granted_on")
        more = ("expires_on", "notified_on", "ended_on", "due_on", "provisional", "failing", "applied_at")
        view = HonourView(
            **{name: getattr(honour, name) for name in (*names, *more)},
            **_words(policy, self._language),
            honour_version=policy.version,
            legal_basis=policy.legal_basis,
            status=policy.status,
            subject_name=subject.name,
            allowed=allowed(State(honour.state), suspended=honour.suspended, heard_out=honour.heard_out),
            criteria=[
                CriterionView(
                    id=one.id,
                    met=one.id not in unmet,
                    must_last=one.must_last,
                    reason=one.reason.render(self._language),
                )
                for one in policy.criteria
            ],
            overdue=honour.due_on is not None and honour.due_on < today,
            acts=[
                HonourActView(
                    **act.model_dump(include={"act", "note", "paper_id", "request", "done_at"}),
                    done_by=act.done_by if official else None,
                )
                for act in acts
            ],
        )
        return view if self._sees(actor) else view.model_copy(update=_AS_SHOWN)

    def _public(self, honour: Honour, subject: Subject) -> PublicHonourView:
        granted_on, expires_on = honour.granted_on, honour.expires_on
        if granted_on is None or expires_on is None:
            raise LookupError(honour.id)
        return PublicHonourView(
            **_words(self._deeds.policy(honour), self._language),
            number=honour.number,
            subject_name=subject.name,
            subject_key=subject.key,
            region=honour.region,
            region_name=regions.name_of(honour.region),
            granted_on=granted_on,
            expires_on=expires_on,
            pledge=honour.pledge,
        )


def _words(policy: HonourPolicy, language: str) -> dict[str, Any]:
    name = policy.name.render(language)
    return {"honour": policy.id, "name": name, "form": policy.form, "level": policy.level}


def _may_act_for(actor: Principal, subject: Subject) -> None:
    if actor.subject_id != subject.id and not actor.may("credit:write"):
        raise Forbidden(Text("只能由主体本人或者经办人办理", "Only the subject or an officer may do this"))
