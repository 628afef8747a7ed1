"""The formats of the deposit's figures and of regional rules laid over them."""

from datetime import date
from typing import Literal, Self

from common.policies import Policy, PolicyStatus
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Amount", "Bound", "DepositOverlay", "DepositPolicy", "Halving", "Period"]


class _Figure(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    legal_basis: list[str] = Field(min_length=1)
    status: PolicyStatus


class Amount(_Figure):
    """A sum with its own legal basis."""

    fen: int = Field(ge=0, lt=2**53)


class Period(_Figure):
    """A time limit in working days with its own legal basis."""

    working_days: int = Field(ge=0, le=366)


class Bound(_Figure):
    """How many times the sum required, before any halving, one payment may be."""

    times: int = Field(ge=1, le=1000)


class Halving(_Figure):
    """When the deposit may be lowered, by how much, and which facts end the clean years.

    `broken_by` are the penalties of a fine or worse; one that says that it was not for harming tourists ends
    nothing, one that does not say counts.
    """

    percent: int = Field(ge=0, le=100)
    clean_months: int = Field(ge=1, le=120)
    broken_by: list[str] = Field(min_length=1)


class DepositPolicy(Policy):
    """What an agency has to deposit, and when; by when it has to show its liability insurance."""

    base: Amount
    outbound: Amount
    branch_domestic: Amount
    branch_outbound: Amount
    branch_both: Amount
    first_payment: Period
    top_up: Period
    halving: Halving
    insurance_shown: Period
    most_paid: Bound
    readings: dict[str, str] = Field(default={})


class DepositOverlay(Policy):
    """A rule of a region and a time beside the general ones.

    `insurance_pilot`: insurance may stand for the deposit. `deferral`: deposits that were given back
    (`refunded`), or first payments under licences of `licensed_from` or later, are not due before `until` has
    passed. `longer_top_up`: more working days to top up.
    """

    kind: Literal["insurance_pilot", "deferral", "longer_top_up"]
    until: date | None = None
    refunded: bool = False
    licensed_from: date | None = None
    working_days: int | None = Field(default=None, ge=1, le=366)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.kind == "deferral") != (self.until is not None):
            raise ValueError("until belongs to a deferral, which needs it")
        if (self.kind == "longer_top_up") != (self.working_days is not None):
            raise ValueError("working_days belongs to longer_top_up, which needs it")
        if self.kind != "deferral" and (self.refunded or self.licensed_from is not None):
            raise ValueError("only a deferral says whom it covers")
        if self.kind == "deferral" and not self.refunded and self.licensed_from is None:
            raise ValueError("a deferral covers somebody")
        return self
