"""What crosses the API about listings."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from credit.evidence.schemas import WrittenStatement
from credit.facts.schemas import EvidenceItem

from .clocks import Deadline
from .rules import Event, ListName, Removal, Role, State

__all__ = [
    "AssessmentIn",
    "ClockView",
    "ClocksView",
    "ConditionView",
    "DeadlineView",
    "DecisionIn",
    "LiftIn",
    "ListingEventView",
    "ListingIn",
    "ListingInForce",
    "ListingView",
    "LongerIn",
    "NoticeIn",
    "PersonIn",
    "PublicListing",
    "RemovalIn",
    "ReplyIn",
    "RestoreIn",
    "ServiceIn",
    "StatementIn",
    "SubjectBrief",
]

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=4000)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), OneLine]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), OneLine]
Code = Annotated[
    str, StringConstraints(max_length=16, pattern=r"^(L[0-9]{2}-)?[A-Z]{3}(-[TC])?-[1-9](-[A-Z]{3,6})?$")
]


class PersonIn(Model):
    """A person in charge to be listed along with the entity; a subject of its own, told on its own.

    Of somebody with no post at the entity that is on record today or on the day of the penalty, `evidence`
    names the uploaded files that show it.
    """

    subject_id: UUID
    role: Literal["principal", "legal_representative", "manager", "controller"]
    evidence: Annotated[list[EvidenceItem], Field(max_length=10)] = Field(default=[])


class ListingIn(Model):
    """A listing to propose. An open clause (`...-6`, `SEV-C-5`) needs its legal basis written out.

    `condition` is a code of `policies/listing-conditions.yaml`; a region's own begin with its digits
    (`L14-SEV-1`), one act out of several ends with its name (`SEV-C-4-VENUE`). `fact_ids` are the facts that
    the listing rests on: a restriction that asks for a penalty looks for it among them.
    """

    subject_id: UUID
    condition: Code
    reasons: Words
    fact_ids: Annotated[list[UUID], Field(max_length=50)] = Field(default=[])
    legal_basis: Words | None = None
    penalty_on: Day | None = None
    penalty_number: Reference | None = None
    persons: Annotated[list[PersonIn], Field(max_length=10)] = Field(default=[])


class NoticeIn(Model):
    """Service of the notice: the day on which it is issued, today; never a day before it existed."""

    served_on: Day | None = None


class StatementIn(Model):
    """What the subject says in its defence; an officer enters it from the written statement."""

    text: Words
    evidence: Annotated[list[Short], Field(max_length=20)] = Field(default=[])
    request: WrittenStatement | None = None


class ReplyIn(Model):
    """The authority's answer to a statement; an accepted one ends without a listing."""

    accepted: bool
    findings: Words


class AssessmentIn(Model):
    """One required step of a serious decision: who did it, when, and what came out."""

    by: Short
    on: Day
    summary: Words


class LongerIn(Model):
    """A longer restriction that another law sets; it prevails over the list's period."""

    until: Day
    legal_basis: Words


class DecisionIn(Model):
    """The decision. To list as serious needs expert assessment, legal review and collective discussion."""

    outcome: Literal["list", "dismiss"]
    reasons: Words
    expert: AssessmentIn | None = None
    legal_review: AssessmentIn | None = None
    discussion: AssessmentIn | None = None
    longer: LongerIn | None = None


class ServiceIn(Model):
    """Service of the decision, from which the list's period runs."""

    served_on: Day | None = None
    how: Literal["direct", "post", "electronic", "public_notice"] = "direct"


class RemovalIn(Model):
    """Removal by the authority of its own motion (Order 7 Article 26, items 2 to 4), with its proof.

    `decision` is for REP-A-2 only: what became of the decision underneath. One that was *revoked* (which is
    taken where nothing is said) undoes the listing from its start, one that was *changed* ends it today.
    """

    ground: Literal["REP-A-2", "REP-A-3", "REP-A-4"]
    decision: Literal["revoked", "changed"] | None = None
    note: Words
    proof: Reference


class LiftIn(Model):
    """A court ruling that approves a reorganisation or settlement: the listing is lifted for the time."""

    court: Short
    ruling: Reference
    ruled_on: Day
    note: Words


class RestoreIn(Model):
    """Why a lifted listing is in force again."""

    note: Words


class SubjectBrief(Model):
    """Whom a listing is about; a natural person's name is masked."""

    id: UUID
    key: str | None
    name: str
    kind: str
    region: str


class ConditionView(Model):
    """The condition as the policy of its day says it."""

    code: str
    version: str
    name: str
    status: str
    legal_basis: list[str]


class DeadlineView(Model):
    """A deadline and how it was counted. A passed one is shown as *overdue* and decides nothing."""

    event: str
    started_on: date
    due_on: date
    unit: str
    counted_days: list[date]
    rule: str
    article: str
    rule_status: str
    provisional: bool
    status: str
    met_on: date | None

    @classmethod
    def of(cls, found: Deadline) -> "DeadlineView":
        """The deadline as it crosses the API."""
        fields = {name: getattr(found, name) for name in Deadline.__slots__}
        return cls(**fields | {"counted_days": list(found.counted_days)})


class ClockView(Model):
    """One clock: its last day inside, with rule and article; null while it does not run or never does."""

    until: date | None
    rule: str | None
    article: str | None


class ClocksView(Model):
    """Both clocks side by side: the list's period (Order 7) and publication (Order 36)."""

    management: ClockView
    publication: ClockView
    publicity_class: str
    reading: str


class ListingEventView(Model):
    """One step of a listing; texts are shown to the authority and to the subject itself."""

    version: int
    event: Event
    state: State
    on_day: date
    done_by: str | None
    done_at: datetime
    details: dict[str, object]
    texts: dict[str, object]
    papers: list[UUID]


class ListingView(Model):
    """A listing with its deadlines and clocks. An objection is a flag beside any state.

    `annulled`: an objection against it was sustained, or the decision underneath revoked, so it never was.
    """

    id: UUID
    number: str
    subject: SubjectBrief
    on_list: ListName
    list_name: str
    condition: ConditionView
    role: Role
    along_with: UUID | None
    state: State
    objected: bool
    authority: str
    authority_region: str
    allowed_events: list[Event]
    based_on: list[UUID]
    penalty_on: date | None
    penalty_number: str | None
    proposal_id: UUID | None
    opened_by: str | None
    opened_on: date
    notified_on: date | None
    stated_on: date | None
    replied_on: date | None
    defence_accepted: bool | None
    decided_on: date | None
    decided_by: str | None
    listed_on: date | None
    listed_at: datetime | None
    published_at: datetime | None
    shared_at: datetime | None
    lifted_on: date | None
    removal: Removal | None
    annulled: bool
    removed_on: date | None
    removed_at: datetime | None
    measures: list[str]
    deadlines: list[DeadlineView]
    clocks: ClocksView | None
    version: int
    created_at: datetime


class PublicListing(Model):
    """What anyone may see: of a person the name and two letters of the number, never address or phone."""

    number: str
    name: str
    key: str | None
    id_number: str | None
    kind: str
    region: str
    region_name: str
    role: Role
    condition: str
    condition_name: str
    legal_basis: list[str]
    authority: str
    decided_on: date
    listed_on: date
    management_until: date
    publication_until: date
    objected: bool


@dataclass(frozen=True, slots=True)
class ListingInForce:
    """A listing that brings its measures today. `penalty_on` is the day some restrictions run from."""

    listing_id: UUID
    number: str
    list: Literal["serious", "slight"]
    condition: str
    role: str
    penalty_on: date | None
    listed_on: date
    ends_on: date
