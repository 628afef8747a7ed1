"""The format of `policies/objections.yaml`: how many days each step of an objection has."""

from typing import Self

from common.policies import Policy
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["ObjectionPolicy"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DecisionDays(_Part):
    """Working days from filing to the decision: alone, when the source must verify, and with an extension."""

    working_days: int = Field(ge=1, le=60)
    forwarded_working_days: int = Field(ge=1, le=60)
    total_working_days: int = Field(ge=1, le=60)
    appraisal_excluded: bool

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.working_days <= self.forwarded_working_days <= self.total_working_days:
            raise ValueError("days must not fall from alone to forwarded to total")
        return self


class ObjectionPolicy(Policy):
    """The days of an objection: to flag the record (and so to accept or refuse), to hand it to its source, to
    decide, and to put the record right once it is sustained; all working days."""

    flag_working_days: int = Field(ge=0, le=20)
    forward_working_days: int = Field(ge=0, le=20)
    decide: DecisionDays
    remedy_working_days: int = Field(ge=1, le=20)
