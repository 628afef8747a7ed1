"""What crosses the API of cases."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from common.web import Day, Model
from pydantic import Field

from complaints.cases.rules import Event
from complaints.compensation.schemas import EstimateIn
from complaints.places import Phone, RegionCode, SubjectKey
from complaints.routing.schemas import PlacesIn, RoutingOut, StoryText

__all__ = [
    "MAX_CONTRACT_NO",
    "CaseView",
    "ClaimIn",
    "ComplainantIn",
    "ComplaintIn",
    "ContractCheck",
    "DeadlineOut",
    "EventIn",
    "FiledKind",
    "FiledOut",
    "LookupIn",
    "PublicActIn",
    "PublicCaseView",
    "QueueItem",
    "ReportNotice",
    "RespondentIn",
    "RevealIn",
    "RevealOut",
    "TimelineItem",
]

MAX_FEN = 10**13
MAX_CONTRACT_NO = 40
Fen = Annotated[int, Field(ge=0, le=MAX_FEN)]
Note = Annotated[str, Field(min_length=1, max_length=4000)]
Code = Annotated[str, Field(min_length=8, max_length=60)]
Number = Annotated[str, Field(min_length=8, max_length=40)]
ContractCheck = Literal["none", "verified", "unverified", "unknown"]
FiledKind = Literal["complaint", "both", "consultation", "none"]
RefusalGround = Literal["R1", "R2", "R3", "R4", "R5", "R6"]


class ComplainantIn(Model):
    """Who complains. Stored encrypted, field by field."""

    name: str = Field(min_length=1, max_length=60)
    phone: Phone
    id_number: str | None = Field(default=None, min_length=4, max_length=30)
    address: str | None = Field(default=None, min_length=1, max_length=200)
    email: str | None = Field(default=None, pattern=r"^[^@\s]{1,64}@[^@\s]{1,180}$")


class RespondentIn(Model):
    """Against whom; the key is a USCC, a licence or a guide card number."""

    name: str | None = Field(default=None, min_length=1, max_length=120)
    key: SubjectKey | None = None


class ClaimIn(Model):
    """What is asked for; money in fen."""

    amount_fen: Fen | None = None
    wish: str | None = Field(default=None, min_length=1, max_length=1000)


class ComplaintIn(Model):
    """A complaint as it is filed."""

    text: str = StoryText
    kind: Literal["complaint", "report", "both"] | None = None
    complainant: ComplainantIn
    respondent: RespondentIn = RespondentIn()
    contract_no: str | None = Field(default=None, min_length=1, max_length=MAX_CONTRACT_NO)
    places: PlacesIn = PlacesIn()
    contract_end_on: Day | None = None
    claim: ClaimIn = ClaimIn()
    language: str = Field(default="zh-CN", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?$")
    channel: str = Field(default="web", pattern=r"^[A-Za-z0-9_.-]{1,20}$")


class DeadlineOut(Model):
    """What is due, when, and how it was counted."""

    event: str
    due_on: date
    unit: Literal["working_days", "days"]
    counted_days: list[date]
    pauses: list[tuple[date, date]]
    rule: str
    article: str
    provisional: bool
    started_on: date
    status: Literal["open", "overdue", "met", "late", "dropped"]
    met_on: date | None


class ReportNotice(Model):
    """What became of the part that reports a violation."""

    taken: bool
    lookup_code: str | None
    notice: str


class FiledOut(Model):
    """The answer to a filed complaint; the lookup code is shown this once."""

    id: UUID
    number: str
    lookup_code: str
    kind: FiledKind
    categories: list[str]
    routing: RoutingOut
    deadlines: list[DeadlineOut]
    report: ReportNotice | None = None


class EvidenceIn(Model):
    """A piece of evidence by its title and hash."""

    title: str = Field(min_length=1, max_length=120)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class EventIn(Model):
    """An event of the procedure with the fields it needs; a field the event does not know is refused."""

    event: Event
    happened_on: Day | None = Field(default=None, description="default today; never before the last event")
    note: Note | None = Field(default=None, description="reasons, facts, reply: kept encrypted")
    ground: RefusalGround | None = None
    department: str | None = Field(default=None, min_length=2, max_length=8)
    region: RegionCode | None = None
    method: Literal["electronic", "in_person", "post", "public_notice"] | None = None
    evidence: list[EvidenceIn] | None = Field(default=None, max_length=50)
    appraiser: str | None = Field(default=None, min_length=1, max_length=120)
    appraisal_item: str | None = Field(default=None, min_length=1, max_length=300)
    agreed_by_both: bool | None = None
    amount_fen: Fen | None = None
    terms: str | None = Field(default=None, min_length=1, max_length=4000)
    pay_by: Day | None = None
    estimate: EstimateIn | None = Field(
        default=None,
        description="what to reckon; the service keeps and prints its own result",
    )
    basis: Literal["B1", "B2", "breach_confirmed", "judgment"] | None = None
    forum: Literal["court", "arbitration"] | None = None
    violation_code: str | None = Field(default=None, min_length=2, max_length=40)


class TimelineItem(Model):
    """One event of a case. `note` only for those who handle it."""

    seq: int
    event: str
    from_state: str | None
    to_state: str
    on_day: date
    at: datetime
    actor_kind: str
    data: dict[str, Any]
    note: str | None = None


class Complainant(Model):
    """The complainant, masked."""

    name: str
    phone: str | None
    id_number: str | None


class Respondent(Model):
    type: str
    name: str | None
    key: str | None
    subject_id: UUID | None


class Contract(Model):
    number: str | None
    check: ContractCheck
    end_on: date | None


class QueueItem(Model):
    """One line of the officer's queue, without texts and names."""

    id: UUID
    number: str
    state: str
    kind: str
    urgency: str
    categories: list[str]
    department: str | None
    region: str
    level: str
    received_on: date
    next_due_on: date | None
    next_due_event: str | None
    needs_human: bool


class CaseView(Model):
    """A case as its officer, or (without contact data) the served respondent sees it."""

    id: UUID
    number: str
    version: int
    state: str
    kind: str
    urgency: str
    level: str
    categories: list[str]
    department: str | None
    jurisdiction: str | None
    region: str
    rule_set: str
    channel: str
    received_at: datetime
    received_on: date
    accepted_on: date | None
    served_on: date | None
    closed_on: date | None
    complainant: Complainant
    respondent: Respondent
    contract: Contract
    claim_amount_fen: int | None
    wish: str | None
    text: str | None
    outcome_amount_fen: int | None
    routing: RoutingOut | None
    next_due_on: date | None
    next_due_event: str | None
    allowed_events: list[str]


class RevealIn(Model):
    """Why the complainant's data are needed in the clear."""

    purpose: str = Field(min_length=4, max_length=300)


class RevealOut(Model):
    """The complainant's data in the clear. Each reading is on record."""

    name: str
    phone: str
    id_number: str | None
    address: str | None
    email: str | None


class LookupIn(Model):
    """The number and the secret code that came with it."""

    number: Number
    code: Code


class PublicActIn(LookupIn):
    """What the tourist may do with the secret: supplement what was asked for, or withdraw."""

    event: Literal["supplement", "withdraw"]
    note: Note


class PublicStep(Model):
    event: str
    on_day: date
    state: str


class PublicCaseView(Model):
    """The tourist's own view; no personal data, so that a lost code tells little."""

    number: str
    state: str
    state_text: str
    categories: list[str]
    department: str | None
    department_name: str | None
    hotline: str | None
    received_on: date
    deadlines: list[DeadlineOut]
    timeline: list[PublicStep]
    refusal: str | None
    outcome_amount_fen: int | None
    allowed_events: list[str]
