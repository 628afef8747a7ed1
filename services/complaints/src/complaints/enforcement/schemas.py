"""What crosses the API of enforcement."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from common.web import Day, Model
from pydantic import Field

from complaints.places import SubjectKey

from .rules import Procedure

__all__ = ["CaseIn", "CaseView", "DeadlineView", "EventIn", "EventView"]

Note = Annotated[str, Field(min_length=2, max_length=5000)]


class CaseIn(Model):
    """A clue: whom it concerns, what may have been broken, where it came from."""

    respondent_key: SubjectKey = Field(description="USCC, licence or guide card number")
    violation_code: str = Field(max_length=8, examples=["T100_1"])
    region: str = Field(pattern=r"^[0-9]{6}$", description="GB/T 2260 code of the place of the violation")
    occurred_on: Day
    clue_source: Literal["complaint", "inspection", "transfer", "media", "patrol", "other"]
    clue: Note
    complaint_id: UUID | None = Field(None, description="the complaint the clue came from")


class _Event(Model):
    note: Note | None = None


class FileIn(_Event):
    """立案: at least two officers."""

    event: Literal["file"]
    officers: list[Annotated[str, Field(min_length=1, max_length=120)]] = Field(min_length=2, max_length=10)


class EvidenceIn(_Event):
    """One piece of evidence; `sha256` fixes its content."""

    event: Literal["add_evidence"]
    title: str = Field(min_length=2, max_length=200)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class ProposeIn(_Event):
    """处罚建议: kind, procedure, and for a fine its amount in fen and its gradation.

    `harmed_tourists` left out: yes where the case came from a tourist's complaint, else not known.
    """

    event: Literal["propose"]
    kind: Literal["warning", "fine", "confiscation", "suspension", "revocation"]
    amount_fen: int | None = Field(None, ge=1, le=10**12)
    gradation: Literal["light", "ordinary", "heavy"] | None = None
    procedure: Procedure = Field(
        default=Procedure.ORDINARY,
        description="summary: on the spot (简易程序), for small fines and warnings",
    )
    harmed_tourists: bool | None = Field(
        None, description="whether the act harmed lawful rights of tourists (侵害旅游者合法权益)"
    )
    note: Note


class PayIn(_Event):
    """The fine was paid; amount in fen, with the receipt's number."""

    event: Literal["pay"]
    amount_fen: int = Field(ge=1, le=10**12)
    receipt_no: str = Field(min_length=2, max_length=60)


class ReasonedIn(_Event):
    """Events that need a reason or a record in words."""

    event: Literal["dismiss", "conclude", "statement", "hold_hearing", "return", "close"]
    note: Note


class PlainIn(_Event):
    """Events that need nothing more."""

    event: Literal["notify_rights", "request_hearing", "waive_rights", "decide", "serve"]


EventIn = Annotated[
    FileIn | EvidenceIn | ProposeIn | PayIn | ReasonedIn | PlainIn, Field(discriminator="event")
]


class DeadlineView(Model):
    """A running term."""

    event: str
    due_on: date
    unit: str
    counted_days: list[date]
    article: str
    status: str
    provisional: bool


class EventView(Model):
    """One event of the history."""

    seq: int
    event: str
    to_state: str
    on: date
    at: datetime
    actor: str
    data: dict[str, Any]
    note: str | None


class CaseView(Model):
    """An enforcement case as its officers and its respondent see it."""

    id: UUID
    number: str
    version: int
    state: str
    region: str
    department: str
    respondent_key: str
    violation_code: str
    violation: str
    article: str
    occurred_on: date
    complaint_id: UUID | None
    clue_source: str | None
    clue: str | None
    penalty_kind: str | None
    amount_fen: int | None
    gradation: str | None
    procedure: str | None
    harmed_tourists: bool | None
    band: dict[str, int]
    decided_on: date | None
    served_on: date | None
    allowed_events: list[str]
    deadlines: list[DeadlineView]
    history: list[EventView]
