"""How this service tells others that something happened: ids and codes. `events.py` lists what is said."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.events import publish
from sqlalchemy.ext.asyncio import AsyncSession

from complaints.cases.models import Case

__all__ = ["SERVICE", "announce", "announce_case"]

SERVICE = "complaints"


async def announce(
    session: AsyncSession, name: str, aggregate_id: UUID, version: int, data: dict[str, Any], now: datetime
) -> None:
    """Put one event into the outbox, in the transaction that makes it true."""
    await publish(
        session,
        service=SERVICE,
        name=name,
        aggregate_id=aggregate_id,
        aggregate_version=version,
        data=data,
        now=now,
    )


async def announce_case(session: AsyncSession, name: str, case: Case, now: datetime, **more: Any) -> None:
    """Say that something happened to a case, with its codes and `more`."""
    data = {
        "case_id": str(case.id),
        "case_number": case.number,
        "subject_key": case.respondent_key,
        "region": case.region,
        "department": case.department,
        "categories": case.categories,
        "urgency": case.urgency,
        "received_on": case.received_on.isoformat(),
        **more,
    }
    await announce(session, name, case.id, case.version, data, now)
