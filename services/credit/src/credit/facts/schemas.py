"""What crosses the API about facts."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from common.web import Model
from pydantic import Field, StringConstraints

__all__ = ["CorrectionIn", "CorrectionView", "EvidenceItem", "FactIn", "FactView", "Source", "SourceKind"]

Code = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{2,47}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Reference = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SourceKind(StrEnum):
    """Where a fact comes from.

    From `listing` on, the kinds of this service's own rooms: their reference is the room's own number, and
    nobody enters them by hand.
    """

    COMPLAINT_CASE = "complaint_case"
    ENFORCEMENT_CASE = "enforcement_case"
    LICENCE_REGISTER = "licence_register"
    COURT = "court"
    OTHER = "other"
    LISTING = "listing"
    REPAIR = "repair"
    INSPECTION = "inspection"
    HAZARD = "hazard"
    COMMITMENT = "commitment"
    BOARD = "board"
    HONOUR = "honour"
    DEPOSIT = "deposit"
    QUALIFICATION = "qualification"
    RUN = "run"


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
    occurred_on: date
    source: Source
    payload: dict[str, Any] = Field(
        default={}, description="the fields that the code's catalogue entry names"
    )
    evidence: Annotated[list[EvidenceItem], Field(max_length=50)] = Field(default=[])


class CorrectionIn(Model):
    """A new version of a fact: amended, revoked, or restored after a revocation."""

    action: Literal["amend", "revoke", "restore"]
    reason: Reason
    authority: Words
    reference: Reference
    code: Code | None = None
    occurred_on: date | None = None
    payload: dict[str, Any] | None = None


class CorrectionView(Model):
    """Why a version replaced the one before."""

    reason: str
    authority: str
    reference: str


class FactView(Model):
    """One fact as known at the moment asked for."""

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
