"""Use cases of intake: an event of another service becomes a fact or a warning, or waits for its subject."""

from typing import Any
from uuid import UUID

import structlog
from common.policies import PolicyNotInForce
from common.problems import InvalidPayload, Problem
from common.telemetry import ALERTS
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from credit.environment import Environment
from credit.facts.errors import FactConflict
from credit.facts.schemas import FactIn, Source, SourceKind
from credit.facts.service import FactService
from credit.subjects.models import Subject
from credit.subjects.repository import SubjectRepository
from credit.sweeps.service import SweepService
from credit.warnings.service import WarningService

from .models import ParkedEvent
from .repository import IntakeRepository
from .rules import (
    ParkedState,
    PenaltyDecided,
    PriceAlertRaised,
    ViolationConfirmed,
    fact_code,
    fact_payload,
)

__all__ = ["IntakeService", "read_event"]

log = structlog.get_logger(__name__)

Incoming = ViolationConfirmed | PenaltyDecided | PriceAlertRaised
_MODELS: dict[str, type[Incoming]] = {
    "violation_confirmed": ViolationConfirmed,
    "penalty_decided": PenaltyDecided,
    "price_alert_raised": PriceAlertRaised,
}
_SOURCES = {"violation_confirmed": SourceKind.COMPLAINT_CASE, "penalty_decided": SourceKind.ENFORCEMENT_CASE}


def read_event(name: str, data: dict[str, Any]) -> Incoming:
    """An event as this service reads it. Raises ValidationError."""
    return _MODELS[name].model_validate(data)


class IntakeService:
    """Takes events in the transaction of their handler; the inbox and natural keys make each count once."""

    def __init__(self, session: AsyncSession, env: Environment) -> None:
        self._session, self._env = session, env
        self._parked = IntakeRepository(session)
        self._subjects = SubjectRepository(session)
        self._facts = FactService(session, env)
        self._warnings = WarningService(session, env)
        self._sweeps = SweepService(session, env)

    async def take(self, event_id: UUID, name: str, data: dict[str, Any]) -> None:
        """Apply an event, or keep it for its subject, or for a person when it cannot be understood."""
        if await self._parked.find(event_id) is not None:
            return
        try:
            event = read_event(name, data)
        except ValidationError as error:
            log.warning("event_not_understood", event_id=str(event_id), name=name, errors=error.error_count())
            self._park(event_id, name, None, data, ParkedState.CONFLICT)
            return
        key = _key_of(event)
        subject = None
        if key is not None:
            # The same lock is taken by a subject that is being registered under this key.
            await self._parked.lock_key(key)
            subject = await self._subjects.lock_by_key(key)
        if subject is None:
            self._park(event_id, name, key, data, ParkedState.WAITING)
        elif await self.apply(subject, event_id, name, event) is not None:
            self._park(event_id, name, key, data, ParkedState.CONFLICT)
        await self._session.flush()

    async def settle(self, subject: Subject) -> int:
        """Apply what waited for a subject's key, in order; gives how many events there were."""
        if subject.key is None:
            return 0
        await self._parked.lock_key(subject.key)
        waiting = await self._parked.waiting_for(subject.key)
        for row in waiting:
            event = read_event(row.type, row.data)
            problem = await self.apply(subject, row.event_id, row.type, event)
            row.state = ParkedState.APPLIED if problem is None else ParkedState.CONFLICT
            row.settled_at = self._env.clock.now()
        await self._session.flush()
        return len(waiting)

    async def apply(self, subject: Subject, event_id: UUID, name: str, event: Incoming) -> Problem | None:
        """Let an event take effect on a locked subject; gives what is in the way, if anything."""
        if isinstance(event, PriceAlertRaised):
            if await self._warnings.on_price_alert(subject, event):
                await self._sweeps.on_warning(subject)
            return None
        try:
            fact = self._fact(subject, name, event)
            if fact is not None:
                await self._facts.record_for(subject, fact, by=f"event:{event_id}")
        except (FactConflict, InvalidPayload, PolicyNotInForce) as problem:
            log.warning("event_conflicts", event_id=str(event_id), name=name, problem=problem.type)
            return problem
        return None

    def _fact(self, subject: Subject, name: str, event: ViolationConfirmed | PenaltyDecided) -> FactIn | None:
        """The fact that a confirmed outcome means, by the policies of its day; None when it means none."""
        occurred_on = event.confirmed_on if isinstance(event, ViolationConfirmed) else event.decided_on
        rulebook = self._env.rulebook
        policy = rulebook.event_facts.choose("event-facts", on=occurred_on, region=event.region)
        code = fact_code(policy, name, event)
        if code is None:
            return None
        return FactIn(
            subject_id=subject.id,
            code=code,
            occurred_on=occurred_on,
            source=Source(kind=_SOURCES[name], authority=event.authority, reference=event.case_number),
            payload=fact_payload(event, rulebook.catalogue(occurred_on).by_code[code].payload),
        )

    def _park(
        self, event_id: UUID, name: str, key: str | None, data: dict[str, Any], state: ParkedState
    ) -> None:
        if state is ParkedState.CONFLICT:
            ALERTS.labels("credit", "parked-conflict").inc()
        self._parked.park(
            ParkedEvent(
                event_id=event_id,
                type=name,
                subject_key=key,
                data=data,
                state=state,
                parked_at=self._env.clock.now(),
            )
        )


def _key_of(event: Incoming) -> str | None:
    key = event.agency_key if isinstance(event, PriceAlertRaised) else event.subject_key
    stored = (key or "").strip().upper()
    return stored if 0 < len(stored) <= 24 else None
