"""The shape of `policies/compensation.yaml`."""

from datetime import date
from pathlib import Path
from typing import Literal, Self

from common.policies import Policy, PolicySet, PolicyStatus
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Base", "CompensationBook", "CompensationPolicy", "CompensationRule", "Part"]

Base = Literal[
    "total_fee_fen", "prepaid_fen", "item_cost_fen", "direct_loss_fen", "difference_fen", "extra_charge_fen"
]


class _Piece(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Piece):
    """A title in both languages."""

    zh: str
    en: str


class DayStep(_Piece):
    """The rate when notice arrives at least so many days before departure."""

    at_least: int = Field(ge=0)
    percent: int = Field(ge=0, le=100)


class Between(_Piece):
    """A rate the officer chooses, with a reason."""

    low: int = Field(ge=0)
    high: int = Field(le=100)


class Part(_Piece):
    """One sum: a percentage of a base, fixed, by days before departure, or chosen within bounds."""

    kind: Literal["refund", "pay", "penalty"]
    of: Base
    percent: int | None = Field(None, ge=0, le=300)
    by_days_before: list[DayStep] = []
    between: Between | None = None
    per: Literal["count"] | None = None

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        rates = [self.percent is not None, bool(self.by_days_before), self.between is not None]
        if sum(rates) != 1:
            raise ValueError("a part has exactly one of percent, by_days_before, between")
        steps = [step.at_least for step in self.by_days_before]
        if steps and (steps != sorted(steps, reverse=True) or steps[-1] != 0):
            raise ValueError("by_days_before goes from many days down to 0")
        return self


class CompensationRule(_Piece):
    """One article of the standard."""

    id: str
    title: Title
    article: str
    status: PolicyStatus
    parts: list[Part] = Field(min_length=1)


class CompensationPolicy(Policy):
    """All rules of one version of the standard."""

    rules: list[CompensationRule]

    @property
    def by_id(self) -> dict[str, CompensationRule]:
        """The rules by their ids."""
        return {rule.id: rule for rule in self.rules}


class CompensationBook:
    """All versions of the standard; day and place choose one."""

    def __init__(self, folder: Path) -> None:
        self.policies = PolicySet.load(folder / "compensation.yaml", CompensationPolicy)

    def on(self, day: date, region: str) -> CompensationPolicy:
        """The version in force.

        Raises:
            PolicyNotInForce: before the standard existed.
        """
        return self.policies.choose("compensation", on=day, region=region)
