"""The shape of `policies/penalties.yaml` and `policies/summary-procedure.yaml`."""

import re
from datetime import date
from pathlib import Path
from typing import Literal, Self

from common.policies import Policy, PolicySet, PolicyStatus
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Band", "PenaltyBook", "PenaltyKind", "PenaltyPolicy", "SummaryProcedure", "Violation"]

PenaltyKind = Literal["warning", "fine", "confiscation", "suspension", "revocation"]


class _Piece(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Title(_Piece):
    """A title in both languages."""

    zh: str
    en: str


class Band(_Piece):
    """From `low_fen` to `high_fen`, both inside."""

    low_fen: int = Field(ge=0)
    high_fen: int

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high_fen < self.low_fen:
            raise ValueError("high_fen is below low_fen")
        return self


class Gradation(Band):
    """One step of the discretion standard inside the statutory band."""

    grade: Literal["light", "ordinary", "heavy"]


class Violation(_Piece):
    """One kind of violation and what the law allows to impose for it."""

    code: str = Field(pattern=r"^[TRG][0-9]{2,3}(_[0-9])?$")
    title: Title
    article: str
    kinds: list[PenaltyKind] = Field(min_length=1)
    fine: Band
    gradations: list[Gradation] = []
    gradation_status: PolicyStatus | None = None

    @model_validator(mode="after")
    def _gradations_fill_the_band(self) -> Self:
        if self.gradations:
            ends = [step.high_fen for step in self.gradations]
            starts = [step.low_fen for step in self.gradations]
            if starts[0] != self.fine.low_fen or ends[-1] != self.fine.high_fen or starts[1:] != ends[:-1]:
                raise ValueError(f"{self.code}: gradations must fill the statutory band")
            if self.gradation_status is None:
                raise ValueError(f"{self.code}: gradations need their status")
        return self

    def band(self, grade: str | None) -> Band | None:
        """The band of a gradation, or the statutory one for None; None if there is no such gradation."""
        if grade is None:
            return self.fine
        return next((step for step in self.gradations if step.grade == grade), None)


class Term(_Piece):
    """A term of the penalty procedure."""

    working_days: int | None = None
    days: int | None = None
    count: int | None = None
    article: str
    status: PolicyStatus


class PenaltyPolicy(Policy):
    """Violations, bands and terms of one place at one time."""

    procedure: dict[
        Literal["hearing_request", "decide_within", "serve_within", "pay_within", "minimum_officers"], Term
    ]
    violations: list[Violation]

    @property
    def by_code(self) -> dict[str, Violation]:
        """The violations by their codes."""
        return {violation.code: violation for violation in self.violations}


class SummaryProcedure(Policy):
    """What may be imposed on the spot (简易程序): these kinds, and fines up to a ceiling by who is fined.

    `organisation_key` tells by its key who is an organisation; everybody else is taken for a person, whose
    ceiling is the lower one.
    """

    kinds: list[PenaltyKind] = Field(min_length=1)
    person_high_fen: int = Field(ge=1)
    organisation_high_fen: int = Field(ge=1)
    organisation_key: re.Pattern[str]
    article: str

    def high_fen(self, respondent_key: str) -> int:
        """The highest fine that this respondent may be given on the spot."""
        organisation = self.organisation_key.fullmatch(respondent_key) is not None
        return self.organisation_high_fen if organisation else self.person_high_fen


class PenaltyBook:
    """All versions; day and place choose one."""

    def __init__(self, folder: Path) -> None:
        self.policies = PolicySet.load(folder / "penalties.yaml", PenaltyPolicy)
        self.summaries = PolicySet.load(folder / "summary-procedure.yaml", SummaryProcedure)

    def on(self, day: date, region: str) -> PenaltyPolicy:
        """The version in force.

        Raises:
            PolicyNotInForce: before any.
        """
        return self.policies.choose("penalties", on=day, region=region)

    def summary_on(self, day: date, region: str) -> SummaryProcedure | None:
        """What may be decided on the spot on `day`; procedure follows the day on which one acts."""
        return self.summaries.find("summary-procedure", on=day, region=region)
