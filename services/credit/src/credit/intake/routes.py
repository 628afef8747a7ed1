"""Routes of parked events."""

from uuid import UUID

from common.pagination import Page
from common.problems import declare
from common.web import CursorParam, LimitParam, ServiceRouter

from credit.subjects.errors import SubjectNotFound

from .dependencies import ParkedServiceDep, Writer
from .errors import EventNotFound, EventSettled, StillParked
from .rules import ParkedState
from .schemas import DismissIn, ParkedView, RetryIn

__all__ = ["router"]

router = ServiceRouter(prefix="/api/v1/credit/parked-events", tags=["parked events"])


@router.get("", summary="Events of other services that wait for a subject or a person, the newest first")
async def list_parked_events(
    actor: Writer,
    parked: ParkedServiceDep,
    state: ParkedState | None = None,
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Page[ParkedView]:
    return await parked.search(actor, state, cursor, limit)


@router.post(
    "/{event_id}/retry",
    responses=declare(EventNotFound, EventSettled, SubjectNotFound, StillParked),
    summary="Apply a parked event now, to the subject of its key or to the one named",
)
async def retry_parked_event(
    event_id: UUID, body: RetryIn, actor: Writer, parked: ParkedServiceDep
) -> ParkedView:
    return await parked.retry(actor, event_id, body)


@router.post(
    "/{event_id}/dismiss",
    responses=declare(EventNotFound, EventSettled),
    summary="Say that an event means nothing for the archive, with the reason",
)
async def dismiss_parked_event(
    event_id: UUID, body: DismissIn, actor: Writer, parked: ParkedServiceDep
) -> ParkedView:
    return await parked.dismiss(actor, event_id, body)
