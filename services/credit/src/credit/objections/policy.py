"""The format of `policies/objections.yaml`: how many days each step of an objection has."""

from typing import Self

from common.policies import Policy, PolicyStatus
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["DecisionDays", "ObjectionPolicy", "StepDays"]

_SURENESS: tuple[PolicyStatus, ...] = ("sample", "recalled", "verified")


class _Part(BaseModel):
    """A figure with the article it came from; `status` is that of this very figure."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    article: str = Field(min_length=1)
    status: PolicyStatus


class StepDays(_Part):
    """Working days of a step; 0 is the day of filing itself."""

    working_days: int = Field(ge=0, le=20)


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
    decide, and to put the record right once it is sustained; all working days. The first three count from
    filing. The status of the whole is that of its least certain figure."""

    flag: StepDays
    forward: StepDays
    decide: DecisionDays
    remedy: StepDays

    @model_validator(mode="after")
    def _no_surer_than_its_figures(self) -> Self:
        figures = (self.flag, self.forward, self.decide, self.remedy)
        least = min((one.status for one in figures), key=_SURENESS.index)
        if self.status != least:
            raise ValueError(f"the status of the whole is that of its least certain figure, {least}")
        return self
