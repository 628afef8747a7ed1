"""How this service tells others that something happened. `events.py` lists what is said and heard."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.events import publish
from sqlalchemy.ext.asyncio import AsyncSession

from credit.subjects.models import Subject
from credit.subjects.rules import PERSONS

__all__ = ["SERVICE", "announce", "subject_data"]

SERVICE = "credit"


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


def subject_data(subject: Subject) -> dict[str, Any]:
    """What other services learn of a subject: never a natural person's name."""
    return {
        "subject_id": str(subject.id),
        "kind": subject.kind,
        "key": subject.key,
        "name": None if subject.kind in PERSONS else subject.name,
        "license_no": subject.license_no,
        "scope": subject.business_scope,
        "region": subject.region,
        "status": subject.status,
        "tier": subject.tier,
    }
