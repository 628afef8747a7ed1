"""From points to a grade: bands, direct grades, prerequisites, eligibility, actions."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from common.problems import Text
from pydantic import Field, model_validator

from .format import Basis, CardError, Codes, FactFilter, Grade, Identifier, Number, Part, Wording
from .windows import Window

__all__ = [
    "ActionRule",
    "Band",
    "BandMeasures",
    "Eligibility",
    "Need",
    "Prerequisite",
    "VetoRule",
]


class BandMeasures(Part):
    """How subjects of a grade are supervised, where that is not as the region's policy says for its tier.

    `sampling_bp` and `checks_per_year` are of the band's tier; `publish` says whether the grade is shown,
    `warn` whether entering the band is a risk to warn officers of, and, where the grade is shown, the public.
    """

    sampling_bp: int | None = Field(default=None, ge=0, le=10_000)
    checks_per_year: int | None = Field(default=None, ge=0, le=366)
    publish: bool | None = None
    warn: bool | None = None
    notes: Basis = Field(default=[])


class Band(Part):
    """A range of scores with its grade and supervision tier; `direct` grades are never reached by points."""

    grade: Grade
    tier: Annotated[str, Field(max_length=16)] = ""
    name: Wording | None = None
    min: Number | None = None
    min_inclusive: bool = True
    max: Number | None = None
    max_inclusive: bool = True
    direct: bool = False
    measures: BandMeasures | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.direct and (self.min is not None or self.max is not None):
            raise CardError(
                f"等级 {self.grade}：direct 等级没有分数区间",
                f"grade {self.grade}: a direct grade has no range",
            )
        if not self.tier:
            object.__setattr__(self, "tier", self.grade)
        return self

    def holds(self, value: Decimal) -> bool:
        """Whether `value` lies in this band."""
        if self.direct:
            return False
        above = self.min is None or value > self.min or (self.min_inclusive and value == self.min)
        below = self.max is None or value < self.max or (self.max_inclusive and value == self.max)
        return above and below


class VetoRule(Part):
    """Facts of `codes`, or the condition `if`, set the grade directly, whatever the points say.

    `at_best`: no better than `grade`; `at_least`: no worse; `exactly`: that grade; `lower`: `steps` grades
    down; `cancel`: the grade is withdrawn.
    """

    id: Identifier
    codes: Codes = Field(default=[])
    if_: str | None = Field(default=None, alias="if")
    when: FactFilter | None = None
    effect: Literal["at_best", "exactly", "at_least", "lower", "cancel"] = "at_best"
    grade: Grade | None = None
    steps: int | None = Field(default=None, ge=1, le=20)
    window: Window = Window()
    reason: Wording = Text("", "")
    legal_basis: Basis = Field(default=[])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.codes) == (self.if_ is not None):
            raise CardError(
                f"否决 {self.id}：codes 与 if 须写且只写一个", f"veto {self.id}: give either codes or if"
            )
        if self.if_ is not None and (self.when or not self.window.empty):
            raise CardError(
                f"否决 {self.id}：when、window 只用于有 codes 的否决",
                f"veto {self.id}: when and window are for vetoes with codes",
            )
        if (self.grade is not None) != (self.effect in ("at_best", "exactly", "at_least")):
            raise CardError(
                f"否决 {self.id}：at_best、exactly、at_least 须写 grade，lower、cancel 不写",
                f"veto {self.id}: at_best, exactly and at_least name a grade, lower and cancel do not",
            )
        if (self.steps is not None) != (self.effect == "lower"):
            raise CardError(
                f"否决 {self.id}：lower 须写 steps，其他不写",
                f"veto {self.id}: lower needs steps, the others have none",
            )
        return self


class Need(Part):
    """One condition of a prerequisite."""

    id: Identifier
    if_: str = Field(alias="if")
    reason: Wording = Text("", "")


class Prerequisite(Part):
    """`grade` needs `at_least` of `needs` (all, if not said) beside its points; else `otherwise` is given."""

    id: Identifier
    grade: Grade
    needs: list[Need] = Field(min_length=1)
    at_least: int | None = Field(default=None, ge=1)
    otherwise: Grade | None = None
    reason: Wording = Text("", "")
    legal_basis: Basis = Field(default=[])

    @property
    def needed(self) -> int:
        """How many of the needs must hold."""
        return len(self.needs) if self.at_least is None else self.at_least


class Eligibility(Part):
    """Who can be rated at all: so many whole months in business, or a condition."""

    id: Identifier = "ELIGIBILITY"
    months_in_business: int | None = Field(default=None, ge=1, le=1200)
    if_: str | None = Field(default=None, alias="if")
    reason: Wording = Text("", "")
    legal_basis: Basis = Field(default=[])

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.months_in_business is None and self.if_ is None:
            raise CardError(
                f"参评条件 {self.id}：须写 months_in_business 或 if",
                f"eligibility {self.id}: give months_in_business, if, or both",
            )
        return self


class ActionRule(Part):
    """`action` is called for while the condition `if` holds, such as a total reached."""

    id: Identifier
    action: str = Field(min_length=1, max_length=64)
    if_: str = Field(alias="if")
    reason: Wording = Text("", "")
    legal_basis: Basis = Field(default=[])
