"""The routing object and the preview that asks for it."""

from typing import Literal, Self

from common.web import Day, Model
from pydantic import Field

from complaints.places import RegionCode
from complaints.routing.rules import Places, RoutingResult

__all__ = [
    "AlternativeOut",
    "AppliedRuleOut",
    "DepartmentOut",
    "PlacesIn",
    "PreviewIn",
    "RoutingOut",
    "StoryText",
]

StoryText = Field(min_length=2, max_length=5000, description="what happened, in the tourist's own words")


class PlacesIn(Model):
    """Where the contract was signed, where the respondent is, where it happened (GB/T 2260) or null."""

    contract_signed: RegionCode | None = None
    respondent: RegionCode | None = None
    incident: RegionCode | None = None

    def places(self) -> Places:
        """As the rules take it."""
        return Places(self.contract_signed, self.respondent, self.incident)


class PreviewIn(Model):
    """What is to be routed; nothing is stored."""

    text: str = StoryText
    places: PlacesIn = PlacesIn()
    received_on: Day | None = None
    contract_end_on: Day | None = None
    contract_no: str | None = Field(default=None, min_length=1, max_length=40)


class AppliedRuleOut(Model):
    """A rule that led to the result, and the article behind it."""

    id: str
    version: str
    because: str
    article: str


class AlternativeOut(Model):
    """What was looked at and not chosen."""

    id: str
    candidate: str
    because: str
    article: str


class RoutingOut(Model):
    """Where a text belongs, and why."""

    kind: Literal["complaint", "report", "both", "consultation", "none"]
    categories: list[str]
    respondent_type: str
    main_department: str | None
    other_departments: list[str]
    jurisdiction: str | None
    level: Literal["county", "city", "province"]
    urgency: Literal["U1", "U2", "U3"]
    admissible: bool | None
    refusal: str | None
    refusals_all: list[str]
    rules: list[AppliedRuleOut]
    rejected_alternatives: list[AlternativeOut]
    confidence: float
    needs_human: bool

    @classmethod
    def of(cls, result: RoutingResult) -> Self:
        """The API form of what the rules say."""
        return cls.model_validate(result, from_attributes=True)


class DepartmentOut(Model):
    """A body that answers for something, and its number."""

    code: str
    name: str
    hotline: str
    matters: str
    basis: str
    status: Literal["verified", "recalled", "sample"]
