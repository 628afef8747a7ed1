"""The shape of `policies/certificates.yaml`."""

from typing import Self

from common.policies import Policy
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .rules import Purpose

__all__ = ["CertificatePolicy", "PurposeRule"]


class PurposeRule(BaseModel):
    """How long a certificate for one purpose is good, in months from its day; the last day is inside."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    purpose: str
    name: Text
    valid_months: int = Field(ge=1, le=60)


class CertificatePolicy(Policy):
    """Purposes, what a certificate says that it leaves out, and what one says that is of an earlier day.

    `repaired`: what one of an earlier day says in place of a grade that counted what was repaired since.
    """

    purposes: list[PurposeRule] = Field(min_length=1)
    not_included: list[Text] = Field(min_length=1)
    past: Text
    repaired: Text

    @model_validator(mode="after")
    def _every_purpose(self) -> Self:
        if sorted(rule.purpose for rule in self.purposes) != sorted(Purpose):
            raise ValueError("every purpose must be described once")
        return self

    def of(self, purpose: Purpose) -> PurposeRule:
        """The rule of a purpose."""
        return next(rule for rule in self.purposes if rule.purpose == purpose)
