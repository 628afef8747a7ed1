"""What complaints says and hears.

Says: `case_received`, `case_accepted`, `case_transferred`, `case_closed`, versioned by the complaint;
`violation_confirmed` and `penalty_decided`, versioned by the enforcement case. Ids and codes only.

Hears from credit: `subject_registered`, `subject_updated`, `grade_changed`, kept as a local copy of the
subjects, with the measures of supervision that an update may bring: then all of them. What is older than the
copy is ignored.
"""

from uuid import UUID

from common.events import Event, HandlerContext, Subscription, event_type
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncSession

from complaints.subjects.measures import Measure
from complaints.subjects.repository import SubjectRepository

__all__ = ["SUBSCRIPTIONS", "take_grade", "take_subject"]


class _Supervision(BaseModel):
    model_config = ConfigDict(extra="ignore")

    restrictions: list[Measure] | None = None


class _SubjectData(BaseModel):
    model_config = ConfigDict(extra="ignore")

    subject_id: UUID
    kind: str
    key: str | None = None
    name: str | None = None
    license_no: str | None = None
    scope: list[str] = []
    region: str
    status: str
    tier: str | None = None
    supervision: _Supervision | None = None


class _GradeData(BaseModel):
    model_config = ConfigDict(extra="ignore")

    subject_id: UUID
    to_grade: str | None = None
    to_tier: str | None = None


async def take_subject(session: AsyncSession, event: Event, context: HandlerContext) -> None:
    """Copy a registered or changed subject, and its measures where the event brings them."""
    data = _SubjectData.model_validate(event.data)
    subjects = SubjectRepository(session)
    values = data.model_dump(exclude={"subject_id", "supervision"})
    await subjects.store(data.subject_id, event.version, values)
    if data.supervision is not None and data.supervision.restrictions is not None:
        measures = [one.model_dump(mode="json") for one in data.supervision.restrictions]
        await subjects.store_measures(data.subject_id, event.version, measures)


async def take_grade(session: AsyncSession, event: Event, context: HandlerContext) -> None:
    """Copy a changed grade."""
    data = _GradeData.model_validate(event.data)
    await SubjectRepository(session).store_grade(
        data.subject_id, event.version, {"grade": data.to_grade, "tier": data.to_tier}
    )


async def _take(session: AsyncSession, event: Event, context: HandlerContext) -> None:
    handle = take_grade if event.type == event_type("credit", "grade_changed") else take_subject
    await handle(session, event, context)


SUBSCRIPTIONS = (
    Subscription(
        consumer="complaints-from-credit",
        types=(
            event_type("credit", "subject_registered"),
            event_type("credit", "subject_updated"),
            event_type("credit", "grade_changed"),
        ),
        handle=_take,
    ),
)
