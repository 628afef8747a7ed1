"""What an honour's policy may say."""

from typing import Annotated, Literal

from common.policies import CompiledWith, Condition, Policy
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Criterion", "HonourPolicy"]

_ABOUT = frozenset(
    {
        "grade",
        "tier",
        "kind",
        "level",
        "status",
        "listed",
        "slightly_listed",
        "on_black_board",
        "months_without_penalty",
        "months_without_complaint",
        "months_licensed",
    }
)


class Criterion(BaseModel):
    """A condition with the words in which it is refused. `must_last`: it has to hold throughout."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: str
    when: Annotated[Condition, CompiledWith(_ABOUT)]
    must_last: bool = True
    suspends: bool = False
    reason: Text


class HonourPolicy(Policy):
    """A kind of honour: who may have it, on what criteria, for how long, and the procedure's clocks.

    Criteria see `grade`, `tier` (null when not rated), `kind`, `level`, `status`, `listed`,
    `slightly_listed`, `on_black_board`, and whole months: `months_without_penalty`,
    `months_without_complaint` (9999 when there never was one), `months_licensed` (0 when the day is not
    known). A criterion that `suspends` suspends a granted honour at once when it fails; one that `must_last`
    leads to a proposal to revoke.
    """

    name: Text
    form: Literal["title", "pledge", "mark"]
    kinds: list[str] = Field(min_length=1)
    criteria: list[Criterion] = Field(min_length=1)
    validity_months: int = Field(ge=1, le=120)
    level: str
    initiative: list[Literal["apply", "propose"]] = Field(min_length=1)
    review_within_working_days: int = Field(ge=1, le=120)
    statement_within_working_days: int = Field(ge=1, le=60)
    decide_within_working_days: int = Field(ge=1, le=120)
