"""What becomes of an application when what it would repair has ended: the system closes it, and says why."""

from uuid import UUID

from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.errors import FactNotFound
from credit.facts.models import Fact
from credit.facts.repository import FactRepository
from credit.facts.rules import repaired_fact
from credit.papers.service import PaperService
from credit.steps import step_columns
from credit.subjects.models import Subject

from .errors import TargetNotRepairable
from .models import Repair, RepairEvent
from .outlook import Outlooks
from .repository import RepairRepository
from .rules import Commitment, Event, State, next_state
from .wording import CORRECTED, ELSEWHERE

__all__ = ["RepairClosings"]

ROOM = "repair"


class RepairClosings:
    """The end of applications whose target is gone. A lifted listing stands: its application goes on."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._repairs = RepairRepository(session)
        self._facts = FactRepository(session)
        self._papers = PaperService(session, env)
        self._outlooks = Outlooks(session, env)

    async def of_listing(self, listing_id: UUID, label: str, subject: Subject, reason: str, by: str) -> None:
        """Close the application that runs for a listing which has ended; the subject's row is locked."""
        await self._close(await self._repairs.running(listing_id, None), label, subject, reason, by)

    async def of_fact(self, subject: Subject, fact: Fact) -> None:
        """Close the application that runs for a fact which was revoked, or amended to one never shown."""
        running = await self._repairs.running(None, fact.id)
        if running is None:
            return
        try:
            await self._outlooks.aim(None, None, fact.id)
        except (FactNotFound, TargetNotRepairable):
            await self._close(running, fact.source_reference, subject, CORRECTED, fact.recorded_by)

    async def of_repaired(self, subject: Subject, repair: Fact) -> None:
        """Close the application that runs for a fact whose repair was granted elsewhere."""
        named = repaired_fact(repair.payload)
        target = None if named is None else await self._facts.latest(named)
        if target is not None:
            running = await self._repairs.running(None, target.id)
            why = ELSEWHERE.format(authority=repair.source_authority, reference=repair.source_reference)
            await self._close(running, target.source_reference, subject, why, repair.recorded_by)

    async def _close(
        self, repair_id: UUID | None, label: str, subject: Subject, reason: str, by: str
    ) -> None:
        repair: Repair | None = None if repair_id is None else await self._repairs.lock(repair_id)
        after = None if repair is None else next_state(State(repair.state), Event.CLOSE)
        if repair is None or after is None:
            return
        now = self._env.clock.now()
        today = china_date(now)
        repair.state, repair.ended_on = after, today
        if repair.commitment_rule == Commitment.CONFLICT:
            repair.commitment_rule = Commitment.NONE
        data = {
            "applied_on": repair.applied_on,
            "application": repair.number,
            "target": label,
            "reason": reason,
            "closed_on": today,
        }
        paper = await self._papers.issue(
            "repair_closing", subject, (ROOM, repair.id), data, by, region=repair.authority_region
        )
        columns = step_columns(
            ROOM, repair, Event.CLOSE, by, now, self._env.keyring, details={"reason": reason}, papers=[paper]
        )
        self._repairs.add(RepairEvent(repair_id=repair.id, **columns))
        await self._session.flush()
