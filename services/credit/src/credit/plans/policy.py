"""The policy files of inspection: the item list, and the periods and results."""

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, Self

from common.policies import Policy, PolicyStatus
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from credit.subjects.rules import Kind

__all__ = ["Check", "InspectionItem", "InspectionItems", "InspectionPolicy", "ResultKind", "check_own_status"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Check(_Part):
    """One line of a checklist."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9-]{2,39}$")
    name: Text


class InspectionItem(_Part):
    """One item of the list: general (ratio capped) or key (no cap)."""

    code: str = Field(pattern=r"^[A-Z][A-Z0-9-]{2,39}$")
    name: Text
    class_: Literal["general", "key"] = Field(alias="class")
    max_ratio_bp: int | None = Field(ge=1, le=10_000)
    kinds: list[str] = Field(min_length=1)
    expertise: list[str]
    legal_basis: list[str] = Field(min_length=1)
    checks: list[Check] = Field(min_length=1)

    @model_validator(mode="after")
    def _general_is_capped(self) -> Self:
        if (self.class_ == "general") != (self.max_ratio_bp is not None):
            raise ValueError("a general item has a cap, a key item has none")
        if unknown := set(self.kinds) - {str(kind) for kind in Kind}:
            raise ValueError(f"unknown kinds: {sorted(unknown)}")
        return self


class InspectionItems(Policy):
    """随机抽查事项清单. Tiers in `above_cap_tiers` are not bound by the caps."""

    above_cap_tiers: list[str]
    items: list[InspectionItem] = Field(min_length=1)

    @model_validator(mode="after")
    def _codes_differ(self) -> Self:
        codes = [item.code for item in self.items] + [c.code for item in self.items for c in item.checks]
        if len(set(codes)) != len(codes):
            raise ValueError("codes of items and checks must differ")
        return self

    @cached_property
    def by_code(self) -> dict[str, InspectionItem]:
        """The items by code."""
        return {item.code: item for item in self.items}


class ResultKind(_Part):
    """What a result is called, which fact it becomes (none for null), and whether it is published."""

    result: Literal["normal", "problem_found", "refused", "unreachable", "closed_business"]
    name: Text
    fact: str | None
    publish: bool


def check_own_status(policy: Policy, statuses: Mapping[str, PolicyStatus]) -> None:
    """Refuse a status of what is no figure of a policy. Raises ValueError."""
    figures = type(policy).model_fields.keys() - Policy.model_fields.keys() - {"own_status"}
    if unknown := sorted(statuses.keys() - figures):
        raise ValueError(f"own_status names no figure of this policy: {', '.join(unknown)}")


class InspectionPolicy(Policy):
    """Periods and results of inspections. `own_status`: of figures that are less sure than the whole."""

    own_status: dict[str, PolicyStatus] = Field(default={})
    publish_within_working_days: int = Field(ge=1, le=250)
    remind_before_working_days: int = Field(ge=0, le=250)
    public_months: int = Field(ge=1, le=120)
    visit_within_working_days: int = Field(ge=1, le=250)
    recently_inspected_months: int = Field(ge=0, le=60)
    task_ratio_min_bp: int = Field(ge=1, le=10_000)
    task_ratio_max_bp: int = Field(ge=1, le=10_000)
    hazard_due_within_days: int = Field(ge=1, le=366)
    results: list[ResultKind]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        check_own_status(self, self.own_status)
        if len({one.result for one in self.results}) != 5 or len(self.results) != 5:
            raise ValueError("each result stands once")
        if self.task_ratio_min_bp > self.task_ratio_max_bp:
            raise ValueError("the least ratio is above the greatest")
        return self

    def of(self, result: str) -> ResultKind:
        """What a result means."""
        return next(one for one in self.results if one.result == result)
