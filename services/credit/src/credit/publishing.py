"""How this service tells others that something happened. `events.py` lists what is said and heard."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from common.events import publish
from sqlalchemy.ext.asyncio import AsyncSession

from credit.subjects.rules import is_person

__all__ = ["SERVICE", "Announced", "announce", "subject_data"]

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


class Announced(Protocol):
    """What is told of a subject."""

    @property
    def id(self) -> UUID: ...
    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> str | None: ...
    @property
    def name(self) -> str: ...
    @property
    def license_no(self) -> str | None: ...
    @property
    def business_scope(self) -> list[str]: ...
    @property
    def region(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def tier(self) -> str | None: ...
    @property
    def merged_into(self) -> UUID | None: ...


def subject_data(subject: Announced) -> dict[str, Any]:
    """What other services learn of a subject: never a name that may be a natural person's."""
    return {
        "subject_id": str(subject.id),
        "kind": subject.kind,
        "key": subject.key,
        "name": None if is_person(subject.kind, subject.key) else subject.name,
        "license_no": subject.license_no,
        "scope": subject.business_scope,
        "region": subject.region,
        "status": subject.status,
        "tier": subject.tier,
        "merged_into": str(subject.merged_into) if subject.merged_into else None,
    }
