"""A published grade as history, as a log entry and as an event."""

from datetime import datetime
from typing import Any
from uuid import UUID

from common.ledger import NewEntry

from credit.publishing import Announced

from .models import PublishedGrade
from .rules import Score
from .rules.causes import Cause

__all__ = ["LOG_EVENT", "entry_of", "grade_changed_data", "grade_columns", "log_id", "published_grade"]

LOG_EVENT = "grade_published"


def log_id(subject_id: UUID) -> str:
    """Under which id a subject's grades stand in the log."""
    return f"grade:{subject_id}"


def entry_of(grade: PublishedGrade) -> NewEntry:
    """A published grade as the log's entry."""
    return NewEntry(log_id(grade.subject_id), grade.version, LOG_EVENT, bytes.fromhex(grade.result_hash))


def published_grade(
    subject_id: UUID, version: int, result: Score, cause: Cause, fact_id: UUID | None, now: datetime
) -> PublishedGrade:
    """The history row of a rated result."""
    return PublishedGrade(**grade_columns(subject_id, version, result, cause, fact_id, now))


def grade_columns(
    subject_id: UUID, version: int, result: Score, cause: Cause, fact_id: UUID | None, now: datetime
) -> dict[str, Any]:
    """The columns of that row."""
    if result.grade is None or result.tier is None or result.value is None:
        raise ValueError("only a rated result is published")
    return {
        "subject_id": subject_id,
        "version": version,
        "grade": result.grade,
        "tier": result.tier,
        "score": result.value,
        "policy_id": result.card.id,
        "policy_version": result.card.version,
        "valid_at": result.valid_at,
        "known_at": result.known_at,
        "result_hash": result.hash,
        "cause": cause,
        "fact_id": fact_id,
        "published_at": now,
    }


def grade_changed_data(
    subject: Announced, grade: PublishedGrade, before: str | None, before_tier: str | None
) -> dict[str, object]:
    """What other services learn of a changed grade."""
    return {
        "subject_id": str(subject.id),
        "subject_key": subject.key,
        "from_grade": before,
        "to_grade": grade.grade,
        "from_tier": before_tier,
        "to_tier": grade.tier,
        "grade_version": grade.version,
        "cause": grade.cause,
        "fact_id": str(grade.fact_id) if grade.fact_id else None,
        "valid_at": grade.valid_at.isoformat(),
        "result_hash": grade.result_hash,
        "region": subject.region,
    }
