"""What crosses the API about talks and mystery visits."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from common.web import Day, Instant, Model, OneLine
from pydantic import Field, StringConstraints

from .rules import Advice, TalkState

__all__ = [
    "AboutIn",
    "CommitmentKeptIn",
    "CommitmentView",
    "HeldIn",
    "MysteryVisitIn",
    "MysteryVisitView",
    "NoteIn",
    "ObservationIn",
    "TalkBrief",
    "TalkIn",
    "TalkView",
    "VisitWithdrawalIn",
    "VisitWithdrawalView",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=4000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), OneLine]
Office = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), OneLine]
Staff = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]{1,100}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9-]{2,39}$")]


class AboutIn(Model):
    """What the talk is about: a warning, an inspection, a hazard, a complaint ..."""

    kind: Literal["warning", "inspection", "hazard", "complaint", "mystery_visit", "other"]
    reference: Short


class TalkIn(Model):
    """An invitation to a regulatory talk."""

    subject_id: UUID
    campaign_id: UUID | None = None
    about: AboutIn | None = None
    reason: Words
    legal_basis: Short
    department: Office
    place: Short
    planned_at: Instant


class PromiseIn(Model):
    """What the subject promised, and by when."""

    text: Words
    due_on: Day


class HeldIn(Model):
    """What was said, by how many of each side, and what was promised."""

    held_at: Instant
    officials: Annotated[list[Staff], Field(min_length=2, max_length=10)]
    attended_by: Annotated[list[Short], Field(min_length=1, max_length=10)] = Field(
        description="offices of those who came, such as 法定代表人; no names"
    )
    minutes: Words
    commitments: Annotated[list[PromiseIn], Field(max_length=20)] = Field(default=[])


class NoteIn(Model):
    """Why."""

    note: Words


class CommitmentKeptIn(Model):
    """Whether a promise was kept."""

    kept: bool
    note: Words


class CommitmentView(Model):
    """A promise made in a talk."""

    no: int
    text: str
    due_on: date
    kept: bool | None
    note: str | None
    overdue: bool


class TalkBrief(Model):
    """A talk in a list."""

    id: UUID
    number: str
    subject_id: UUID
    region: str
    campaign_id: UUID | None
    reason: str
    department: str
    planned_at: datetime
    state: TalkState
    held_at: datetime | None


class TalkView(TalkBrief):
    """A talk. The minutes are for authorities."""

    about: AboutIn | None
    legal_basis: str
    place: str
    officials: list[str]
    attended_by: list[str]
    minutes: str | None
    commitments: list[CommitmentView]
    closing_note: str | None
    invitation_paper: UUID | None
    record_paper: UUID | None


class ObservationIn(Model):
    """What the visitors saw about an item."""

    item: Code | None = None
    finding: Literal["ok", "problem", "unclear"]
    text: Words


class MysteryVisitIn(Model):
    """An unannounced visit by at least two, in plain clothes. It is a record; its results are no fact."""

    subject_id: UUID
    campaign_id: UUID | None = None
    visited_on: Day
    visitors: Annotated[list[Staff], Field(min_length=2, max_length=10)]
    observations: Annotated[list[ObservationIn], Field(min_length=1, max_length=100)]
    advice: Advice


class VisitWithdrawalIn(Model):
    """Why a mystery visit was recorded wrongly."""

    reason: Words


class VisitWithdrawalView(Model):
    """That a mystery visit was recorded wrongly: by whom it was taken back, when and why."""

    reason: str
    withdrawn_by: str
    withdrawn_at: datetime


class MysteryVisitView(Model):
    """A mystery visit; one that is `withdrawn` was recorded wrongly and counts nowhere."""

    id: UUID
    number: str
    subject_id: UUID
    region: str
    campaign_id: UUID | None
    visited_on: date
    visitors: list[str]
    observations: list[ObservationIn]
    advice: Advice
    noted_by: str
    noted_at: datetime
    withdrawn: VisitWithdrawalView | None
