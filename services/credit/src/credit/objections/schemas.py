"""What crosses the API about objections."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from credit.affected import AffectedKind
from credit.evidence.schemas import WrittenRequest
from credit.facts.schemas import Code

from .rules import Event, State, Target

__all__ = [
    "ActView",
    "DecisionIn",
    "EffectView",
    "FollowUp",
    "ForwardIn",
    "NoteIn",
    "ObjectionIn",
    "ObjectionView",
    "RefusalIn",
    "RemedyIn",
    "RippleView",
    "SustainIn",
    "TermView",
    "WithdrawalIn",
]

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=1000)]
Statement = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=4000)]
Office = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=100), OneLine]


class ObjectionIn(Model):
    """An objection: against a fact, a published grade, a listing, or an entry on the public page.

    A fact and an entry are named by `fact_id`, a grade by `subject_id` and `grade_version`, a listing by
    `listing_id`. An officer files one only on the subject's written `request`.
    """

    target: Target
    subject_id: UUID | None = None
    fact_id: UUID | None = None
    grade_version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    listing_id: UUID | None = None
    statement: Statement
    request: WrittenRequest | None = None


class NoteIn(Model):
    """What an officer notes with a step."""

    note: Note | None = None


class WithdrawalIn(Model):
    """A withdrawal; an officer names the subject's written request for it: its number and its file's hash."""

    note: Note | None = None
    request: WrittenRequest | None = None


class RefusalIn(Model):
    """Why an objection is not taken up, or not followed."""

    reason: Note


class ForwardIn(Model):
    """The source that must verify."""

    to: Office
    note: Note | None = None


class RemedyIn(Model):
    """What becomes of the fact: it is revoked, or amended to what is right."""

    action: Literal["revoke", "amend"]
    code: Code | None = None
    occurred_on: Day | None = None
    payload: dict[str, Any] | None = None


class SustainIn(Model):
    """A sustained objection with its reasons. A fact needs a remedy; the others have none of their own.

    `fact_ids` names the wrong facts behind a grade or a listing; each is revoked.
    """

    reason: Note
    remedy: RemedyIn | None = None
    fact_ids: Annotated[list[UUID], Field(max_length=20)] = Field(default=[])


class DecisionIn(Model):
    """Why an objection is dismissed."""

    reason: Note


class ActView(Model):
    """One step taken."""

    event: Event
    note: str | None
    details: dict[str, Any]
    done_by: str
    done_at: datetime


class TermView(Model):
    """The time of a step in working days, with its article; `status` is how sure we are of this figure.

    `forward` matters where another unit must verify: handing on later than that day is shown as late.
    `remedy` runs from a decision that sustains; it is met by the closing.
    """

    event: Literal["flag", "forward", "decide", "remedy"]
    working_days: int
    due_on: date | None
    met_on: date | None
    late: bool
    provisional: bool
    article: str
    status: str


class FollowUp(Model):
    """A listing in force that rests on a fact put right: its authority reviews it and repairs ex officio."""

    listing_id: UUID
    number: str
    list: Literal["serious", "slight"]
    rule: Literal["REP-A-2"] = "REP-A-2"
    what: str


class ObjectionView(Model):
    """An objection with its deadlines. The statement is shown with numbers of persons masked.

    `decide_due` leaves out appraisals and reckons an extension in, `forward_due` is the last day for handing
    it to the source of the information; `provisional` says that a day was needed that no holiday notice
    covers yet. `terms` say by which article each day was counted. `overdue` names the deadline that has
    passed, the one for the decision first. `follow_ups` are what a decision leaves to be done by people.
    """

    id: UUID
    number: str
    subject_id: UUID
    region: str
    target: Target
    fact_id: UUID | None
    grade_version: int | None
    listing_id: UUID | None
    statement: str
    state: State
    allowed: list[Event]
    filed_by: str
    filed_on: date
    flag_due: date
    decide_due: date
    forward_due: date
    remedy_due: date | None
    terms: list[TermView]
    provisional: bool
    overdue: Literal["flag", "decide", "remedy"] | None
    extended: bool
    in_appraisal: bool
    forwarded_to: str | None
    decided_on: date | None
    remedy: dict[str, Any] | None
    ripple: Literal["running", "done"] | None
    effects: int
    follow_ups: list[FollowUp]
    paper_id: UUID | None
    policy: dict[str, Any]
    acts: list[ActView]
    version: int


class EffectView(Model):
    """One thing that the wrong fact entered: what it was, and what it would have been."""

    position: int
    kind: AffectedKind
    subject_id: UUID
    id: UUID | None
    number: str | None
    at: datetime
    what: str
    was: str | None
    would_be: str | None


class RippleView(Model):
    """A page of what depended on the fact; `state` says whether the search is over."""

    objection_id: UUID
    since: datetime
    state: Literal["running", "done"]
    total: int
    by_kind: dict[str, int]
    items: list[EffectView]
    next_cursor: str | None
