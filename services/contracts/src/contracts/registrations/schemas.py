"""Registrations as they cross the API."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel

from contracts.checks.schemas import FindingView
from contracts.documents.fields import Day, Part

__all__ = [
    "ContractSummary",
    "ContractView",
    "InternalContract",
    "LogState",
    "MeasureCited",
    "Milestone",
    "Pending",
    "PromiseView",
    "PublicVersion",
    "PublicView",
    "Registered",
    "VersionView",
]


class PromiseView(BaseModel):
    """The log's signed word that the entry will be included by `include_by`."""

    id: str
    version: int
    commitment: str
    log_origin: str
    include_by: str
    signature: str


class Registered(BaseModel):
    """The answer to a registration: the same for the same document of the same order, for ever."""

    contract_no: str
    version: int
    status: Literal["registered"]
    findings: list[FindingView]
    promise: PromiseView
    verify_url: str


class ContractSummary(BaseModel):
    """A contract without its document. Amounts in fen."""

    contract_no: str
    version: int
    status: str
    contract_type: str
    platform_key: str
    platform_order_no: str
    agency_key: str
    agency_name: str
    license_no: str
    region: str | None
    tour_code: str
    departure_on: date
    return_on: date
    headcount: int
    total_fen: int
    signature_level: str
    registered_at: datetime
    departed_on: date | None
    completed_on: date | None


class MeasureCited(BaseModel):
    """A supervision measure under which a contract was decided, on the party at `path`; null ends never."""

    measure: str
    name: str
    policy_id: str
    policy_version: str
    status: str
    basis: list[str]
    starts_on: date
    ends_on: date | None
    path: str
    reason: str


class VersionView(BaseModel):
    """One version: its document with persons masked, its findings, the measures it cites, its promise."""

    version: int
    event: str
    recorded_at: datetime
    document_hash: str
    document: dict[str, Any] | None
    findings: list[FindingView]
    measures: list[MeasureCited]
    promise: PromiseView


class ContractView(ContractSummary):
    """A contract with its latest version; `document` is null once its key has been destroyed."""

    latest: VersionView


class Milestone(Part):
    """A departure or a completion: the day on which it happened, in China."""

    occurred_on: Day


class InternalContract(BaseModel):
    """What another service may know of a contract."""

    contract_no: str
    status: str
    contract_type: str
    agency_key: str
    region: str | None
    departure_on: date
    return_on: date
    total_fen: int


class LogState(BaseModel):
    """Whether the version stands in the transparency log."""

    origin: str
    state: Literal["included", "promised"]
    leaf_index: int | None
    tree_size: int | None


class PublicVersion(BaseModel):
    """One version as the public sees it."""

    version: int
    event: str
    recorded_at: datetime
    log: LogState


class PublicView(BaseModel):
    """What anyone may know of a contract by its number: never a person or a price."""

    contract_no: str
    contract_type: str
    type_name: str
    status: str
    agency_name: str
    license_no: str
    tour_code: str
    departure_on: date
    return_on: date
    template_title: str
    edition_year: int
    versions: list[PublicVersion]


class Pending(BaseModel):
    """Not ready; ask again after `Retry-After`."""

    state: Literal["pending"] = "pending"
