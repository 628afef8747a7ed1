"""What crosses the API about parked events."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from common.web import Model
from pydantic import StringConstraints

from .rules import ParkedState

__all__ = ["DismissIn", "ParkedView", "RetryIn"]


class RetryIn(Model):
    """Try again; `subject_id` names the subject that the event is about where its key names none."""

    subject_id: UUID | None = None


class DismissIn(Model):
    """Why an event means nothing for the archive."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class ParkedView(Model):
    """An event of another service that waits for its subject, or for a person. Ids and codes only."""

    event_id: UUID
    type: str
    subject_key: str | None
    region: str | None
    state: ParkedState
    data: dict[str, Any]
    parked_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    reason: str | None
