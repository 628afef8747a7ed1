"""Use cases of parked events: see them, try one again, dismiss one with a reason."""

from datetime import datetime
from uuid import UUID

from common import audit
from common.auth import Principal
from common.pagination import Page, decode_cursor, encode_cursor, page_of
from common.problems import InvalidPayload, Text
from pydantic import ValidationError

from credit.subjects.errors import SubjectNotFound
from credit.subjects.models import Subject

from .errors import EventNotFound, EventSettled, StillParked
from .models import ParkedEvent
from .rules import ParkedState
from .schemas import DismissIn, ParkedView, RetryIn
from .service import IntakeService, read_event

__all__ = ["ParkedService"]

_OPEN = (ParkedState.WAITING, ParkedState.CONFLICT)


class ParkedService(IntakeService):
    """What could not be applied by itself."""

    async def search(
        self, actor: Principal, state: ParkedState | None, cursor: str | None, limit: int
    ) -> Page[ParkedView]:
        """Parked events of the caller's regions, the newest first; those without a region for a province.

        Raises InvalidPayload for a foreign cursor.
        """
        before = None
        if cursor is not None:
            at, event_id = decode_cursor(cursor, str, str)
            try:
                before = datetime.fromisoformat(at), UUID(event_id)
            except ValueError:
                raise InvalidPayload.at("query/cursor", Text("游标无效", "The cursor is not valid")) from None
        rows = await self._parked.page(actor, state, before, limit)
        items, following = page_of(
            rows, limit, lambda row: encode_cursor(row.parked_at.isoformat(), str(row.event_id))
        )
        return Page(items=[_view(row) for row in items], next_cursor=following)

    async def retry(self, actor: Principal, event_id: UUID, wanted: RetryIn) -> ParkedView:
        """Apply a parked event now, to the subject of its key or to the one named.

        Raises:
            EventNotFound: not in the caller's regions.
            EventSettled: it was applied or dismissed before.
            SubjectNotFound: no subject has its key, or the one named is not the caller's.
            StillParked: it is not understood, or contradicts what stands.
        """
        seen = None if actor.subject_id is not None else await self._parked.seen(event_id, actor)
        if seen is None:
            raise EventNotFound
        # In the order in which an arriving event locks: the key, the subject, the parked row.
        if seen.subject_key is not None:
            await self._parked.lock_key(seen.subject_key)
        subject = await self._subject(actor, seen, wanted.subject_id)
        row = await self._locked(actor, event_id)
        try:
            event = read_event(row.type, row.data)
        except ValidationError as error:
            raise StillParked(reason=f"{error.error_count()} fields are not understood") from error
        problem = await self.apply(subject, row.event_id, row.type, event)
        if problem is not None:
            raise StillParked(reason=problem.type)
        return await self._settled(actor, row, ParkedState.APPLIED, None)

    async def dismiss(self, actor: Principal, event_id: UUID, wanted: DismissIn) -> ParkedView:
        """Say that an event means nothing for the archive, with the reason. Raises as `retry`."""
        row = await self._locked(actor, event_id)
        return await self._settled(actor, row, ParkedState.DISMISSED, wanted.reason)

    async def _locked(self, actor: Principal, event_id: UUID) -> ParkedEvent:
        row = None if actor.subject_id is not None else await self._parked.lock(event_id, actor)
        if row is None:
            raise EventNotFound
        if row.state not in _OPEN:
            raise EventSettled(state=row.state)
        return row

    async def _subject(self, actor: Principal, row: ParkedEvent, named: UUID | None) -> Subject:
        subject: Subject | None = None
        if named is not None:
            subject = await self._subjects.lock(named, actor)
        elif row.subject_key is not None:
            subject = await self._subjects.lock_by_key(row.subject_key)
        if subject is None:
            raise SubjectNotFound
        return subject

    async def _settled(
        self, actor: Principal, row: ParkedEvent, state: ParkedState, reason: str | None
    ) -> ParkedView:
        now = self._env.clock.now()
        row.state, row.settled_at, row.settled_by, row.reason = state, now, actor.sub, reason
        await audit.record(
            self._session,
            actor=actor,
            action=f"parked_event.{state}",
            target=f"event:{row.event_id}",
            details={"type": row.type},
            now=now,
        )
        await self._session.flush()
        return _view(row)


def _view(row: ParkedEvent) -> ParkedView:
    region = row.data.get("region")
    return ParkedView(
        event_id=row.event_id,
        type=row.type,
        subject_key=row.subject_key,
        region=region if isinstance(region, str) else None,
        state=ParkedState(row.state),
        data=row.data,
        parked_at=row.parked_at,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        reason=row.reason,
    )
