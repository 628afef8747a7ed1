"""Use cases of sending: claim what waits, keep what the other side said to it, send again."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common import audit
from common.auth import Principal
from common.clock import china_date
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment

from .adapters import Answer
from .collecting import EVERYWHERE, PERSON_CONTEXT
from .errors import RecordNotFound, RecordSettled
from .models import ExchangeRecord
from .repository import ExchangeRepository
from .rules import RecordState, RetriedState, System, next_attempt
from .schemas import RecordView, Retries

__all__ = ["Sending", "record_view"]

RETRIED = 500


class Sending:
    """What goes out."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._exchange = ExchangeRepository(session)

    async def claim(self, system: System, limit: int) -> list[tuple[UUID, dict[str, object]]]:
        """Records to send now, as (id, body); should nobody settle them, they come again."""
        now = self._env.clock.now()
        minutes = self._policy_minutes()
        rows = await self._exchange.claim(system, now, limit)
        for row in rows:
            row.attempts += 1
            row.next_attempt_at = next_attempt(min(row.attempts, len(minutes)), minutes, now) or now
        await self._session.flush()
        return [(row.id, await self._as_sent(row)) for row in rows]

    async def _as_sent(self, row: ExchangeRecord) -> dict[str, object]:
        """A record as it goes out; that a person's name goes with it is on record."""
        body: dict[str, Any] = row.content | {"sha256": row.sha256}
        if row.person_cipher is not None:
            name = self._env.keyring.decrypt(row.person_cipher, context=PERSON_CONTEXT)
            body["subject"] = body["subject"] | {"name": name}
            await audit.record(
                self._session,
                actor=EVERYWHERE,
                action="exchange.person_sent",
                target=f"subject:{row.subject_id}",
                details={"system": row.system, "number": row.our_number, "version": row.version},
                now=self._env.clock.now(),
            )
        return body

    async def settle(self, record_id: UUID, answer: Answer | None, failure: str | None = None) -> None:
        """Keep what the other side said to a record, or that it did not answer.

        A person's name is kept for sending only: until the record was accepted.
        """
        row = await self._exchange.lock_record(record_id, None)
        if row is None or row.state != RecordState.WAITING:
            return
        now = self._env.clock.now()
        if answer is None:
            row.reason = failure
            if next_attempt(row.attempts, self._policy_minutes(), now) is None:
                row.state = RecordState.FAILED
        else:
            row.state = RecordState.ACCEPTED if answer.state == "accepted" else RecordState.REFUSED
            row.their_number, row.reason = answer.their_number, answer.reason
        if row.state != RecordState.WAITING:
            row.settled_at, row.settled_on = now, china_date(now)
        if row.state == RecordState.ACCEPTED:
            row.person_cipher = None
        await self._session.flush()

    async def unreached(self, record_id: UUID, failure: str) -> None:
        """A record that found out that its system is away: it comes again after the first pause.

        That is not its fault and does not use up its attempts, beyond the first: whether the other side has
        it nobody knows, so it counts as tried.
        """
        row = await self._exchange.lock_record(record_id, None)
        if row is None or row.state != RecordState.WAITING:
            return
        now = self._env.clock.now()
        row.attempts, row.reason = max(row.attempts - 1, 1), failure
        row.next_attempt_at = next_attempt(1, self._policy_minutes(), now) or now
        await self._session.flush()

    async def release(self, claimed: Sequence[UUID]) -> None:
        """Give back what was claimed and not tried: it comes with the next round."""
        now = self._env.clock.now()
        for one in sorted(claimed):
            row = await self._exchange.lock_record(one, None)
            if row is not None and row.state == RecordState.WAITING:
                row.attempts, row.next_attempt_at = max(row.attempts - 1, 0), now
        await self._session.flush()

    async def retry(self, actor: Principal, record_id: UUID) -> RecordView:
        """Send a record again that was given up or refused.

        Raises:
            RecordNotFound: not of the caller's regions.
            RecordSettled: it waits or was accepted, or a later version was made.
        """
        row = await self._exchange.lock_record(record_id, actor)
        if row is None:
            raise RecordNotFound
        if row.state not in {RecordState.FAILED, RecordState.REFUSED} or await self._exchange.later(row):
            raise RecordSettled(present=row.state, allowed=[])
        row.state, row.attempts = RecordState.WAITING, 0
        row.next_attempt_at = self._env.clock.now()
        row.settled_at = row.settled_on = None
        await self._session.flush()
        return record_view(row)

    async def retry_all(self, actor: Principal, system: System, state: RetriedState) -> Retries:
        """Send a system's records of the caller's regions again that were given up, or that it refused.

        The oldest first, at most 500 a call; those of which a later version was made are left. Audited.
        """
        now = self._env.clock.now()
        retried = await self._exchange.wait_again(actor, system, state, now, RETRIED)
        await audit.record(
            self._session,
            actor=actor,
            action="exchange.retried",
            target=f"exchange:{system}",
            details={"state": state, "records": retried},
            now=now,
        )
        return Retries(retried=retried, more=retried == RETRIED)

    def _policy_minutes(self) -> list[int]:
        on = china_date(self._env.clock.now())
        return self._env.rulebook.exchange.choose("exchange", on=on).retry_minutes


def record_view(row: ExchangeRecord) -> RecordView:
    """A record as it crosses the API."""
    return RecordView(**row.model_dump(exclude={"settled_on", "person_cipher"}))
