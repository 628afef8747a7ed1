"""What other services say, as this service reads it, and which fact code it means."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from credit.rulebook.rules import EventFacts

__all__ = [
    "ParkedState",
    "PenaltyDecided",
    "PriceAlertRaised",
    "ViolationConfirmed",
    "fact_code",
    "fact_payload",
]


class ParkedState(StrEnum):
    """Why an event is kept: its subject is unknown, it was applied later, a person must decide, or a person
    decided that it means nothing."""

    WAITING = "waiting"
    APPLIED = "applied"
    CONFLICT = "conflict"
    DISMISSED = "dismissed"


class _Incoming(BaseModel):
    """Other services may add fields; ours are checked."""

    model_config = ConfigDict(extra="ignore", frozen=True)


Code = Annotated[str, Field(min_length=1, max_length=40)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Number = Annotated[str, Field(min_length=1, max_length=80)]
Region = Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class ViolationConfirmed(_Incoming):
    """A complaint was found justified."""

    case_id: UUID
    case_number: Number
    subject_key: str | None
    problem_codes: list[Code] = Field(default=[], max_length=20)
    confirmed_on: date
    authority: Name
    region: Region
    responsibility: Literal["main", "shared"]


class PenaltyDecided(_Incoming):
    """An enforcement case ended in a penalty."""

    case_id: UUID
    case_number: Number
    subject_key: str | None
    kind: Literal["fine", "warning", "criticism", "confiscation", "suspension", "revocation", "career_ban"]
    amount_fen: int | None = Field(default=None, ge=0, lt=2**53)
    article: Annotated[str, Field(max_length=200)] | None = None
    violation_code: Annotated[str, Field(max_length=200)] | None = None
    procedure: Literal["summary", "ordinary"] | None = None
    harmed_tourists: bool | None = None
    decided_on: date
    authority: Name
    region: Region


class PriceAlertRaised(_Incoming):
    """A contract's price looks unreasonably low. Unproven: it can warn and never scores."""

    alert_id: UUID
    contract_no: Annotated[str, Field(max_length=80)] | None = None
    platform_key: str | None = None
    agency_key: str | None
    rule_ids: list[Code] = Field(max_length=100)
    ratio: float | None = None
    occurred_on: date
    document_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    region: Region | None = None


def fact_code(policy: EventFacts, name: str, event: ViolationConfirmed | PenaltyDecided) -> str | None:
    """The fact code that an event means under `policy`; None when it means none."""
    known = _facts(event)
    for mapping in policy.mappings:
        if mapping.event == name and mapping.when.evaluate(known):
            return mapping.code
    return None


def fact_payload(event: ViolationConfirmed | PenaltyDecided, allowed: Iterable[str]) -> dict[str, Any]:
    """The parts of an event that the catalogue lets this fact keep."""
    wanted = set(allowed)
    return {
        name: value for name, value in _facts(event).items() if name in wanted and value not in (None, "", [])
    }


def _facts(event: ViolationConfirmed | PenaltyDecided) -> dict[str, Any]:
    if isinstance(event, ViolationConfirmed):
        return {
            "problem_codes": list(event.problem_codes),
            "responsibility": event.responsibility,
            "region": event.region,
        }
    return {
        "kind": event.kind,
        "amount_fen": event.amount_fen if event.kind != "fine" else event.amount_fen or 0,
        "article": event.article,
        "violation_code": event.violation_code,
        "procedure": event.procedure,
        "harmed_tourists": event.harmed_tourists,
        "region": event.region,
    }
