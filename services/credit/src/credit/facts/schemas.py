"""What crosses the API about facts."""

from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints

from .kinds import SourceKind

__all__ = [
    "CatalogueEntry",
    "CatalogueView",
    "CorrectionIn",
    "CorrectionView",
    "DisputeView",
    "EvidenceItem",
    "FactAnswer",
    "FactIn",
    "FactView",
    "FactsAnswer",
    "FactsIn",
    "InfoClass",
    "Nature",
    "Source",
    "SourceKind",
]

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{2,47}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), OneLine]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), OneLine]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class InfoClass(IntEnum):
    """The six classes of Article 8 of the credit provisions."""

    IDENTITY = 1
    COURTS_AND_ENFORCEMENT = 2
    LICENCES_AND_PENALTIES = 3
    JOINT_REWARD_AND_PUNISHMENT = 4
    EVALUATION_AND_COMMITMENT = 5
    OTHER = 6


class Nature(StrEnum):
    """What a fact means for its subject."""

    ADVERSE = "adverse"
    FAVOURABLE = "favourable"
    NEUTRAL = "neutral"


class Source(Model):
    """The document behind a fact: its kind, the authority that made it, and its number there."""

    kind: SourceKind
    authority: Words
    reference: Reference


class EvidenceItem(Model):
    """A piece of evidence by the hash of its bytes."""

    sha256: Hash
    name: Words


class FactIn(Model):
    """A fact to record. `occurred_on` is the Chinese day on which it happened."""

    subject_id: UUID
    code: Code
    occurred_on: Day
    source: Source
    payload: dict[str, Any] = Field(
        default={}, description="the fields that the code's catalogue entry names"
    )
    evidence: Annotated[list[EvidenceItem], Field(max_length=50)] = Field(default=[])


class FactsIn(Model):
    """Facts to record at once; each has the members of a fact to record."""

    facts: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=200)]


class FactAnswer(Model):
    """What became of one of many facts: the status it would have had alone, with the fact or the problem."""

    index: int = Field(description="its place in the request, from 0")
    status: int
    id: UUID | None = None
    recorded_at: datetime | None = None
    problem: dict[str, Any] | None = None


class FactsAnswer(Model):
    """What became of each fact, in the order of the request, and how many are recorded now."""

    recorded: int
    refused: int
    items: list[FactAnswer]


class CorrectionIn(Model):
    """A new version of a fact: amended, revoked, restored after a revocation, disputed, or settled.

    `authority` and `reference` name the document on which it rests. A dispute begins, and ends on the day
    before, the day `on`: by default today, never a later one. The other actions take effect as the archive
    knows them and have no `on`.
    """

    action: Literal["amend", "revoke", "restore", "dispute", "settle"]
    reason: Reason
    authority: Words
    reference: Reference
    code: Code | None = None
    occurred_on: Day | None = None
    payload: dict[str, Any] | None = None
    on: Day | None = None


class DisputeView(Model):
    """A period in which a fact was disputed; both days inside, `last` null while it is."""

    first: date
    last: date | None


class CorrectionView(Model):
    """Why a version replaced the one before."""

    reason: str
    authority: str
    reference: str


class FactView(Model):
    """One fact as known at the moment asked for.

    `objection` says that it is disputed on the day asked for and must be shown wherever the fact is;
    `visible_until` is the last day on which the public sees it; `archived` that its retention period is over.
    """

    id: UUID
    subject_id: UUID
    code: str
    name: str
    info_class: int
    nature: str
    occurred_on: date
    source: Source
    payload: dict[str, Any]
    evidence: list[EvidenceItem]
    version: int
    action: str
    standing: bool
    correction: CorrectionView | None
    recorded_at: datetime
    objection: bool
    disputes: list[DisputeView]
    publicity_class: Literal["none", "slight", "general", "serious"]
    visible_until: date | None
    archived: bool


class CatalogueEntry(Model):
    """One code of the catalogue. `publicity_class` is the class of dishonesty of the repair rules."""

    code: str
    name: str
    part: str
    region: str
    info_class: InfoClass
    nature: Nature
    publicity_class: str
    shown: bool
    shown_months: int
    payload: dict[str, str]
    labels: dict[str, dict[str, str]] = Field(description="what the words of a closed list mean, by field")
    required: list[str]
    closes: list[str]
    recorded_by: list[str] = Field(
        description="the kinds of source that alone record it; empty: it may be entered by hand"
    )


class CatalogueView(Model):
    """The catalogue in force on a day in a region: the basic part and the supplementary ones that hold there.

    `versions` names each part by id, version and hash, `never_collected` what no fact may hold.
    """

    on: date
    region: str
    versions: list[dict[str, str]]
    never_collected: list[str]
    entries: list[CatalogueEntry]
