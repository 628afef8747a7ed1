"""What crosses the API about supervision."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from common.problems import Text
from common.web import Day, Model, OneLine
from pydantic import Field, StringConstraints, model_validator

from .policy import Act

__all__ = [
    "CheckIn",
    "CheckView",
    "CitationView",
    "MeasureView",
    "PolicyView",
    "RestrictionView",
    "SupervisionView",
]

Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=24), OneLine]


class PolicyView(Model):
    """The policy that orders a measure."""

    id: str
    version: str
    hash: str
    status: str


class MeasureView(Model):
    """A measure in force: why, on what basis, and its last day if nothing new is recorded."""

    code: str
    name: str
    because: str
    legal_basis: list[str]
    status: str
    ends_on: date | None
    policy: PolicyView


class RestrictionView(MeasureView):
    """A measure that a listing brings, with the list (`listing`), the condition and the role that brought it.

    `ends_on` null is for life. `entity_id` is whom the listing names: the subject itself, or the entity at
    which it held the post. `dated` is false where no penalty date is known and the listing's was taken.
    `period_status` says how sure we are of the time, `status` of the measure.
    """

    listing: str
    condition: str
    role: str
    entity_id: UUID
    entity_name: str
    number: str | None
    starts_on: date
    period_status: str
    bars: list[str]
    in_force: bool
    dated: bool


class SupervisionView(Model):
    """How a subject is supervised on a day. The sampling ratio is in basis points: 200 is 2 %.

    `tier` is the tier by which it is supervised: `credit_tier`, moved by the market regulator's `risk_class`
    where the region has a matrix. The risk class never enters the grade. `card` is the scorecard whose band
    says how the subject is supervised, before `policy`; null where none does.
    """

    subject_id: UUID
    valid_at: date
    rated: bool
    grade: str | None
    credit_tier: str | None
    risk_class: str | None
    matrix: PolicyView | None
    tier: str | None
    sampling_bp: int
    routine_checks_per_year: int
    publicity: str
    measures: list[MeasureView | RestrictionView]
    expired: list[RestrictionView]
    next_grade_change_on: date | None
    policy: PolicyView
    card: PolicyView | None


class CheckIn(Model):
    """Who wants to do what. Exactly one of the three identifies the applicant."""

    subject_id: UUID | None = None
    key: Identifier | None = None
    id_number: Identifier | None = None
    act: Act
    on: Day | None = Field(default=None, description="a Chinese day; by default today")
    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=200), OneLine]

    @model_validator(mode="after")
    def _one_applicant(self) -> Self:
        given = [self.subject_id, self.key, self.id_number]
        if sum(one is not None for one in given) != 1:
            raise ValueError(
                Text(
                    "subject_id、key、id_number 三项须填且只填一项",
                    "Exactly one of subject_id, key and id_number",
                )
            )
        return self


class CitationView(Model):
    """What a decision made under a measure stores."""

    measure: str
    policy_id: str
    policy_version: str
    basis: list[str]


class CheckView(Model):
    """Whether the act is allowed, with every restriction that bars it and what a decision cites.

    `known` is false when the archive knows nobody of that ID number: then nothing bars, as far as it knows.
    """

    act: str
    on: date
    known: bool
    allowed: bool
    bars: list[RestrictionView]
    citations: list[CitationView]
    free_on: date | None
