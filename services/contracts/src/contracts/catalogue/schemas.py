"""Rules, templates and price references as they cross the API."""

from datetime import date
from decimal import Decimal
from typing import Any

from common.policies import PolicyStatus, PolicyView
from pydantic import BaseModel

from contracts.policies.model import Severity

__all__ = [
    "PolicyList",
    "ReasonView",
    "ReferenceList",
    "ReferenceView",
    "RuleList",
    "RuleView",
    "TemplateList",
    "TemplateView",
]


class ReasonView(BaseModel):
    """One way to break a rule."""

    key: str
    severity: Severity
    sentence: str


class RuleView(BaseModel):
    """One rule of the check. `once`: one finding for a contract, at the first place that breaks it."""

    rule_id: str
    title: str
    severity: Severity
    applies_to: list[str]
    once: bool
    legal_basis: list[str]
    status: PolicyStatus
    reasons: list[ReasonView]
    policy: str
    policy_version: str


class RuleList(BaseModel):
    """The full table of rules."""

    on: date
    region: str
    items: list[RuleView]


class TemplateView(BaseModel):
    """One edition of a model text, with its own cancellation table where it is known."""

    contract_type: str
    edition_year: int
    title: str
    gf_number: str | None
    in_use_from: date
    superseded_on: date | None
    cancellation: dict[str, Any] | None
    status: PolicyStatus


class TemplateList(BaseModel):
    """All editions."""

    items: list[TemplateView]


class ReferenceView(BaseModel):
    """One guide price per adult, in fen."""

    region: str
    line: str
    season: str
    standard: str | None
    per_person_fen: int
    low_threshold_ratio: Decimal
    effective_from: date
    effective_to: date | None
    status: PolicyStatus
    legal_basis: list[str]


class ReferenceList(BaseModel):
    """All guide prices, those of the past included."""

    items: list[ReferenceView]


class PolicyList(BaseModel):
    """Every version of every policy."""

    items: list[PolicyView]
