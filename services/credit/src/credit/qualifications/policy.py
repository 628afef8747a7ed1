"""The format of the figures on qualifications and training."""

from typing import Self

from common.policies import Policy, PolicyStatus
from pydantic import BaseModel, ConfigDict, Field, model_validator

from credit.subjects.rules import Kind

from .rules import QualificationKind

__all__ = ["AnnualTraining", "QualificationPolicy", "Term"]


class _Figure(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    legal_basis: list[str] = Field(min_length=1)
    status: PolicyStatus


class Term(_Figure):
    """How long a qualification is valid, and how long before its end it can be renewed; None: no end."""

    kind: QualificationKind
    valid_months: int | None = Field(ge=1, le=600)
    renewal_months: int | None = Field(ge=1, le=120)


class AnnualTraining(_Figure):
    """How many hours of training some kinds of subjects need each calendar year."""

    kinds: list[Kind] = Field(min_length=1)
    hours: int = Field(ge=1, le=2000)


class QualificationPolicy(Policy):
    """Terms of qualifications, and yearly training."""

    terms: list[Term]
    annual_training: AnnualTraining

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if sorted(term.kind for term in self.terms) != sorted(QualificationKind):
            raise ValueError("every kind of qualification has one term")
        return self

    def term(self, kind: QualificationKind) -> Term:
        """The term of a kind of qualification."""
        return next(term for term in self.terms if term.kind is kind)
