"""What crosses the API of compensation."""

from typing import Annotated, Literal

from common.web import Day, Model
from pydantic import Field

__all__ = ["ClaimIn", "EstimateIn", "EstimateOut", "StepOut"]

Fen = Annotated[int, Field(ge=0, le=10**12)]


class ClaimIn(Model):
    """One breach, by the rule that covers it; amounts in fen."""

    rule: str = Field(max_length=16, examples=["C10_1"])
    item_cost_fen: Fen | None = None
    direct_loss_fen: Fen | None = None
    difference_fen: Fen | None = None
    extra_charge_fen: Fen | None = None
    count: int | None = Field(None, ge=1, le=1000)
    days_before: int | None = Field(None, ge=0, le=3660)
    percent: int | None = Field(None, ge=0, le=100)
    reason: str | None = Field(None, min_length=2, max_length=500)


class EstimateIn(Model):
    """What to reckon: the breaches, and the sums of the contract they refer to, in fen."""

    total_fee_fen: Fen | None = Field(None, description="total fee of the claimants under the contract")
    prepaid_fen: Fen | None = None
    occurred_on: Day | None = Field(None, description="chooses the version of the standard; today if absent")
    region: str = Field("000000", pattern=r"^[0-9]{6}$")
    claims: list[ClaimIn] = Field(min_length=1, max_length=50)


class StepOut(Model):
    """One sum, with the rule and article it comes from."""

    rule: str
    article: str
    status: str = Field(description="verified, recalled or sample: how sure the text of the rule is")
    kind: Literal["refund", "pay", "penalty"]
    base: str
    base_fen: int
    percent: int
    count: int
    amount_fen: int
    formula: str
    reason: str | None


class EstimateOut(Model):
    """The estimate; a clause of the contract goes before it."""

    total_fen: int
    steps: list[StepOut]
    policy: dict[str, str | int]
    note: str
