"""What honours leave behind: facts, papers, steps; and what happens to them by itself."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from common.calendar import add_working_days
from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.schemas import FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.facts.showings import Showings
from credit.papers.service import PaperService
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.warnings.service import Evidence, WarningService

from .models import Honour, HonourAct
from .policy import Criterion, HonourPolicy
from .repository import HonourRepository
from .rules import Act, State, after, failed
from .standing import about

__all__ = ["HonourDeeds"]

_RULE = "P-HONOUR-REVOKE"
_BY_ITSELF = "credit:rounds"
_SHOWN_OTHERWISE = frozenset({Act.SUSPEND, Act.RESUME, Act.REVOKE, Act.KEEP, Act.EXPIRE})
"""Acts after which others are shown an honour that they were not, or no longer."""


class HonourDeeds:
    """The doing of honours. The subject's row is locked by the caller."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._honours = HonourRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactService(session, env)
        self._papers = PaperService(session, env)
        self._warnings = WarningService(session, env)

    def policy(self, honour: Honour) -> HonourPolicy:
        """The very policy version that an honour was applied for under."""
        return self._env.rulebook.honours.get(honour.policy_id, honour.policy_version, honour.policy_region)

    async def grant(self, honour: Honour, subject: Subject, by: str) -> UUID:
        """Fact and certificate of a granted honour."""
        policy = self.policy(honour)
        await self._fact(honour, subject, "HONOUR_GRANTED", {"honour": policy.id, "level": policy.level}, by)
        data = {
            "honour": policy.name.zh,
            "record": honour.number,
            "pledge": honour.pledge,
            "granted_on": honour.granted_on,
            "expires_on": honour.expires_on,
        }
        paper = await self._papers.issue("honour_certificate", subject, ("honours", honour.id), data, by)
        return paper.id

    async def notice(self, honour: Honour, subject: Subject, reasons: str, until: date, by: str) -> UUID:
        """The notice of an intended revocation."""
        data = {
            "honour": self.policy(honour).name.zh,
            "record": honour.number,
            "reasons": reasons,
            "until": until,
        }
        return (await self._papers.issue("honour_notice", subject, ("honours", honour.id), data, by)).id

    async def revoke(self, honour: Honour, subject: Subject, reasons: str, by: str) -> UUID:
        """Fact and decision of a revocation."""
        policy = self.policy(honour)
        await self._fact(honour, subject, "HONOUR_REVOKED", {"honour": policy.id}, by)
        data = {
            "honour": policy.name.zh,
            "record": honour.number,
            "reasons": reasons,
            "revoked_on": honour.ended_on,
        }
        return (await self._papers.issue("honour_revocation", subject, ("honours", honour.id), data, by)).id

    async def step(
        self,
        honour: Honour,
        act: Act,
        note: str,
        by: str,
        paper: UUID | None = None,
        request: dict[str, Any] | None = None,
    ) -> None:
        """Move an honour on and keep the step."""
        following = after(State(honour.state), act, suspended=honour.suspended)
        if following is None:
            raise LookupError(f"{honour.state} {act}")
        honour.state = following
        honour.suspended = act is Act.SUSPEND or (honour.suspended and act is not Act.RESUME)
        honour.version += 1
        self._honours.add_act(
            HonourAct(
                honour_id=honour.id,
                version=honour.version,
                act=act,
                note=note,
                paper_id=paper,
                request=request,
                done_by=by,
                done_at=self._env.clock.now(),
            )
        )
        await self._session.flush()
        if act in _SHOWN_OTHERWISE:
            await Showings(self._session, self._env).look_again(honour.subject_id)

    def statement_until(self, honour: Honour) -> date:
        """The last day on which the subject may answer the notice of a revocation."""
        told = honour.notified_on or china_date(self._env.clock.now())
        return add_working_days(told, self.policy(honour).statement_within_working_days).due_on

    async def due(self, after: UUID | None, limit: int) -> Sequence[UUID]:
        """Held honours whose time is over or whose subject changed since, behind `after` in order."""
        return await self._honours.due(china_date(self._env.clock.now()), after, limit)

    async def watch(self, ids: Collection[UUID]) -> int:
        """End those of the honours whose time is over; look again at those whose subject changed.

        Gives how many of them were due and held by nobody else.

        A lasting criterion that fails suspends the honour where the policy says so, and raises one proposal
        to revoke it. It is never revoked by itself.
        """
        today = china_date(self._env.clock.now())
        free = await self._subjects.lock_all_free(await self._honours.holders(ids))
        rows = await self._honours.take_due(today, ids, free)
        for honour, subject in rows:
            if honour.expires_on is not None and honour.expires_on < today:
                honour.ended_on, honour.due_on = honour.expires_on, None
                await self.step(honour, Act.EXPIRE, "有效期届满", _BY_ITSELF)
            else:
                await self._look_again(honour, subject, today)
            honour.checked_version = subject.version
        await self._session.flush()
        return len(rows)

    async def unmet(self, honour: Honour, subject: Subject, today: date) -> list[Criterion]:
        """The lasting criteria that fail today."""
        lasting = [one for one in self.policy(honour).criteria if one.must_last]
        return failed(lasting, await about(self._session, self._env, subject, today))

    async def _look_again(self, honour: Honour, subject: Subject, today: date) -> None:
        unmet = await self.unmet(honour, subject, today)
        ids = sorted(one.id for one in unmet)
        new = sorted(set(ids) - set(honour.failing))
        honour.failing = ids
        if not honour.suspended and any(one.suspends for one in unmet):
            reasons = "；".join(one.reason.zh for one in unmet)
            await self.step(honour, Act.SUSPEND, f"不再符合授予条件：{reasons}", _BY_ITSELF)
        if not new:
            return
        source = f"honour:{honour.number}:{honour.version}:{'+'.join(new)}"[:120]
        details = {"honour": honour.number, "honour_id": str(honour.id), "unmet": ids}
        await self._warnings.report(subject, _RULE, Evidence(source, today, {}, details))

    async def _fact(
        self, honour: Honour, subject: Subject, code: str, payload: dict[str, str], by: str
    ) -> None:
        today = china_date(self._env.clock.now())
        issuers = self._env.rulebook.paper_issuers.choose("paper-issuers", on=today, region=honour.region)
        fact = FactIn(
            subject_id=subject.id,
            code=code,
            occurred_on=today,
            source=Source(
                kind=SourceKind.HONOUR, authority=issuers.name(honour.region), reference=honour.number
            ),
            payload=dict(payload),
        )
        await self._facts.record_for(subject, fact, by=by)
