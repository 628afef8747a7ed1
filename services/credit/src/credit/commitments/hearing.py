"""The hearing before a breach is confirmed: its period, the notice that begins it, the answer at its end."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from common.auth import Principal
from common.clock import china_date
from common.problems import SecondPersonNeeded
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.evidence.schemas import WrittenStatement
from credit.evidence.written import WrittenRequests
from credit.listings.clocks import Deadline, deadline
from credit.listings.errors import StatementTooLate
from credit.papers.rules import chinese_date
from credit.papers.service import PaperService
from credit.subjects.models import Subject

from .models import Commitment
from .policy import CommitmentPolicy
from .texts import notice_data, read_items

__all__ = ["Hearings"]

_ROOM = "commitments"


class Hearings:
    """Hearings of subjects whose breach somebody has found. The rows are locked by the caller."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._env = env
        self._papers = PaperService(session, env)
        self._written = WrittenRequests(session, env)

    def policy(self, commitment: Commitment) -> CommitmentPolicy:
        """The rules of the day on which the subject was told, whatever holds today."""
        on = commitment.notified_on or china_date(self._env.clock.now())
        return self._env.rulebook.commitments.choose("commitments", on=on)

    def period(self, commitment: Commitment) -> Deadline | None:
        """The period for a statement; None while there is nothing to answer. Silence is a waiver.

        What an officer entered from paper leaves it open, unless the paper waives the rest of it.
        """
        if commitment.notified_on is None:
            return None
        today = china_date(self._env.clock.now())
        term = self.policy(commitment).hearing
        found = deadline("statement", term, commitment.notified_on, commitment.stated_on, today)
        if not commitment.heard_out and today <= found.due_on:
            return replace(found, status="open", met_on=None)
        return replace(found, status="waived") if found.status == "overdue" else found

    async def hear(
        self,
        actor: Principal,
        commitment: Commitment,
        request: WrittenStatement | None,
        told_at: datetime,
    ) -> dict[str, Any] | None:
        """Note that the subject was heard; its own word, or a paper that waives the rest, ends the period.

        Gives the paper as the step keeps it.

        Raises:
            InvalidPayload: an officer names no written statement, or no file that came since it was told and
                served nowhere else; the subject names one.
            SecondPersonNeeded: the officer found the breach.
            StatementTooLate: the period is over; silence counts as a waiver.
        """
        period = self.period(commitment)
        if period is not None and period.status != "open":
            raise StatementTooLate(due_on=period.due_on.isoformat())
        paper = await self._written.check(
            actor,
            [commitment.subject_id],
            request,
            about=commitment.id,
            since=told_at,
            took_part={commitment.verified_by},
            refusal=SecondPersonNeeded,
        )
        commitment.stated_on = china_date(self._env.clock.now())
        commitment.heard_out = request is None or request.waives
        return paper

    async def notice(self, commitment: Commitment, subject: Subject, reasons: str, by: str) -> UUID:
        """Tell the subject what was found, why, what follows, and how long it may answer."""
        period = self.period(commitment)
        said = {
            "term": f"{self.policy(commitment).hearing.working_days}个工作日",
            "until": period and chinese_date(period.due_on),
            "provisional": period is not None and period.provisional,
        }
        data = notice_data(commitment, read_items(commitment, self._env.keyring), reasons, said)
        return (await self._papers.issue("commitment_notice", subject, (_ROOM, commitment.id), data, by)).id

    async def decision(
        self, commitment: Commitment, subject: Subject, confirmed: bool, reasons: str, by: str
    ) -> UUID | None:
        """The answer to a breach that the subject was told of; None where it was told of none."""
        if commitment.notified_on is None:
            return None
        period = self.period(commitment)
        heard = "你（单位）在规定期限内未提出陈述、申辩，视为放弃。"
        if commitment.stated_on is not None:
            heard = "已听取你（单位）的陈述、申辩。"
        elif period is not None and period.status == "open":
            heard = ""
        data = {
            "commitment": commitment.number,
            "notified_on": commitment.notified_on,
            "notice_number": await self._papers.last_number("commitment_notice", commitment.id),
            "heard": heard,
            "outcome": "认定你（单位）违背信用承诺。" if confirmed else "不予认定你（单位）违背信用承诺。",
            "reasons": reasons,
        }
        return (await self._papers.issue("commitment_decision", subject, (_ROOM, commitment.id), data, by)).id
