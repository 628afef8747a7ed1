"""What a board policy may say."""

from typing import Literal, Self

from common.policies import Policy
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

from credit.scoring.rules import Scorecard

__all__ = ["BoardPolicy", "Metric"]


class Metric(BaseModel):
    """A figure by which subjects of one kind and city are ranked: the sum of a payload field of `code`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    metric: str = Field(pattern=r"^[a-z][a-z_]{1,31}$")
    code: str
    field: str = Field(pattern=r"^[a-z][a-z_]{1,31}$")


class BoardPolicy(Policy):
    """A board: the card that judges, which of its grades go on which board, and the office's clocks.

    `period` is for cards that have none of their own: such a card judges on the period's last day.
    `second_failure` names the warning rule that proposes a listing when a subject is on the black board in
    two regular runs in a row.
    """

    name: Text
    card: str
    period: Literal["month", "quarter", "year"] | None = None
    kinds: list[str] = Field(min_length=1)
    red: list[str] = Field(default=[])
    black: list[str] = Field(default=[])
    metrics: list[Metric] = Field(default=[])
    publish_within_working_days: int = Field(ge=1, le=120)
    event_within_working_days: int = Field(default=7, ge=1, le=60)
    second_failure: str | None = None

    @model_validator(mode="after")
    def _two_boards(self) -> Self:
        if not self.red and not self.black:
            raise ValueError("a board policy has a red or a black board")
        if set(self.red) & set(self.black):
            raise ValueError("a grade is on one board at most")
        return self

    def side(self, card: Scorecard, grade: str | None) -> str:
        """On which board a grade of `card` is: on none where the card says that it is not published."""
        if grade is not None and card.measures_of[grade].publish is False:
            return "none"
        if grade in self.black:
            return "black"
        return "red" if grade in self.red else "none"
