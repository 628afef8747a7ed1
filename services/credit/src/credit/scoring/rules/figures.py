"""Named numbers about a subject's facts, and the conditions over them."""

from typing import Literal, Self

from pydantic import Field, model_validator

from .format import CardError, Codes, FactFilter, Number, Part
from .windows import Window

__all__ = ["AFTER_SCORE", "SUBJECT_NAMES", "Figure"]

SUBJECT_NAMES = frozenset({"kind", "level", "scope", "headcount"})
"""What conditions may ask about the subject itself."""
AFTER_SCORE = frozenset({"score", "deducted", "added", "dimensions"})
"""What conditions that come after the points may ask besides."""


class Figure(Part):
    """A number over the facts of `codes` that count: how many, or the sum, newest, highest, lowest value.

    With `distinct` facts with the same value in that payload field are one. `missing` is the number where no
    fact counts; `latest` and `lowest` must name it, because a rank that is missing is not the first.
    """

    how: Literal["count", "sum", "latest", "highest", "lowest"] = "count"
    codes: Codes = Field(min_length=1)
    field: str | None = None
    distinct: str | None = None
    when: FactFilter | None = None
    window: Window = Window()
    missing: Number | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.field is None) != (self.how == "count"):
            raise CardError("除 count 外须写 field，count 不写", "all but count need field, count has none")
        if self.distinct and self.how != "count":
            raise CardError("distinct 只用于 count", "distinct is for count")
        if self.how in ("latest", "lowest") and self.missing is None:
            raise CardError(
                f"{self.how} 须写 missing（没有事实时取何值）",
                f"{self.how} needs missing, the number where no fact counts",
            )
        return self
