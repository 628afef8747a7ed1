"""Keeping the copy of subjects, and asking it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from contracts.subjects import repository
from contracts.subjects.measures import Measure
from contracts.subjects.models import Subject

__all__ = ["find_subject", "find_subjects_by_key", "learn_grade", "learn_subject"]


async def learn_subject(session: AsyncSession, *, version: int, data: dict[str, Any], now: datetime) -> None:
    """Take over what `subject_registered` or `subject_updated` says; a stale version changes nothing.

    Measures come only with some updates, then all of them: they count their own versions, so an update
    without them leaves them as they are.
    """
    values = {
        "subject_id": UUID(data["subject_id"]),
        "kind": data["kind"],
        "key": data.get("key"),
        "name": data.get("name"),
        "license_no": data.get("license_no"),
        "scope": list(data.get("scope") or []),
        "region": data.get("region"),
        "status": data["status"],
        "tier": data.get("tier"),
        "version": version,
        "updated_at": now,
    }
    await repository.save(session, values)
    told = (data.get("supervision") or {}).get("restrictions")
    if told is not None:
        measures = [Measure.of(one).citation() | {"bars": sorted(one["bars"])} for one in told]
        await repository.learn_measures(
            session, values["subject_id"], version=version, measures=measures, now=now
        )


async def learn_grade(session: AsyncSession, *, version: int, data: dict[str, Any], now: datetime) -> None:
    """Take over what `grade_changed` says; a stale version changes nothing."""
    await repository.learn_grade(
        session,
        UUID(data["subject_id"]),
        version=version,
        grade=data.get("to_grade"),
        tier=data.get("to_tier"),
        now=now,
    )


async def find_subject(session: AsyncSession, subject_id: UUID | None) -> Subject | None:
    """The subject a principal is bound to, if the copy knows it."""
    return None if subject_id is None else await repository.find(session, subject_id)


async def find_subjects_by_key(session: AsyncSession, *keys: str | None) -> dict[str, Subject]:
    """The subjects with these credit codes."""
    return await repository.find_by_keys(session, {key for key in keys if key})
