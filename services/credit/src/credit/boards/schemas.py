"""What crosses the API about boards."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from common.problems import Text
from common.web import Day, Model
from pydantic import Field, StringConstraints, model_validator

from .rules import Side

__all__ = [
    "BoardIn",
    "BoardView",
    "EntryView",
    "PublicBoardView",
    "PublicEntryView",
    "ReasonIn",
    "RemovalDecisionIn",
    "ReviewIn",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]


class BoardIn(Model):
    """A run to open: of the calendar period that holds `period_day`, or on a major event's fact."""

    board: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    region: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    period_day: Day | None = Field(default=None, description="any day of a period that is over")
    event_fact: UUID | None = Field(default=None, description="a verified fact that calls for an extra run")

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.period_day is None) == (self.event_fact is None):
            raise ValueError(
                Text(
                    "period_day（某期中的一天）和 event_fact（重大事件）须填且只填一项",
                    "Either period_day or event_fact",
                )
            )
        return self


class ReviewIn(Model):
    """What an officer makes of an entry: what the card proposed, or none, with the reason."""

    side: Side
    note: Words


class ReasonIn(Model):
    """Why."""

    reason: Words


class RemovalDecisionIn(Model):
    """Whether a removal that was asked for is ordered, and why."""

    remove: bool
    reason: Words


class BoardView(Model):
    """A run with its period, clocks and counts by side."""

    id: UUID
    number: str
    board: str
    board_version: str
    name: str
    legal_basis: list[str]
    status: str
    card: str
    region: str
    trigger: str
    subject_id: UUID | None
    event_fact: UUID | None
    period: str
    first_on: date
    last_on: date
    due_on: date
    provisional: bool
    overdue: bool
    state: str
    allowed: list[str]
    counts: dict[str, int]
    opened_by: str
    opened_at: datetime
    published_by: str | None
    published_at: datetime | None
    note: str | None


class EntryView(Model):
    """A subject in a run: ranks, what the card proposes with reasons, and what people decided."""

    subject_id: UUID
    subject_name: str
    subject_key: str | None
    ranks: dict[str, Any]
    score: float | None
    grade: str | None
    proposed: str | None
    reasons: list[dict[str, Any]]
    result_hash: str | None
    decided: str | None
    note: str | None
    reviewed_by: str | None
    removal_reason: str | None
    removal_asked_by: str | None
    removed_by: str | None
    paper_id: UUID | None
    ended_on: date | None
    ended_because: str | None


class PublicEntryView(Model):
    """A published entry; a natural person's name is masked."""

    name: str
    key: str | None
    side: str
    reasons: list[str]
    until: date | None


class PublicBoardView(Model):
    """A published run, as anyone sees it. It holds until the next one of its board and region.

    `red` and `black` say how many are on each side; who, `/public/boards/{board_id}/entries` says.
    """

    board_id: UUID
    number: str
    name: str
    region: str
    region_name: str
    period: str
    first_on: date
    last_on: date
    published_on: date
    legal_basis: list[str]
    status: str
    red: int
    black: int
