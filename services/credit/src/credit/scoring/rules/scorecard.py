"""The scorecard format: what a grading scheme may say, checked when its file is loaded."""

from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

from common.policies import Policy
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Band",
    "Bounds",
    "Earn",
    "FinishDuty",
    "PathAction",
    "PointRule",
    "Scorecard",
    "VetoRule",
    "Window",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Window(_Part):
    """How long a fact counts: so many months (corresponding day inside), until a closing fact, or both."""

    months: int | None = Field(default=None, ge=1, le=600)
    until: list[str] = Field(default=[])

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.months is None and not self.until:
            raise ValueError("a window needs months, until, or both")
        return self


class PointRule(_Part):
    """Facts of `codes` give `points` each while inside the window, together never beyond `cap`."""

    id: str
    codes: list[str] = Field(min_length=1)
    points: Decimal
    cap: Decimal | None = None
    window: Window
    reason: Text
    legal_basis: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _cap_on_the_side_of_points(self) -> Self:
        if self.points == 0:
            raise ValueError("a rule of zero points says nothing")
        if self.cap is not None and (self.cap > 0) != (self.points > 0):
            raise ValueError("cap and points must have the same sign")
        return self


class VetoRule(_Part):
    """Facts of `codes` set the grade directly, whatever the points say."""

    id: str
    codes: list[str] = Field(min_length=1)
    grade: str
    window: Window
    reason: Text
    legal_basis: list[str] = Field(min_length=1)


class Bounds(_Part):
    """The score is clamped to these; null leaves a side open."""

    min: Decimal | None = None
    max: Decimal | None = None


class Band(_Part):
    """A range of scores with its grade and supervision tier."""

    grade: str
    tier: str
    min: Decimal | None = None
    min_inclusive: bool = True
    max: Decimal | None = None
    max_inclusive: bool = True

    def holds(self, value: Decimal) -> bool:
        """Whether `value` lies in this band."""
        above = self.min is None or value > self.min or (self.min_inclusive and value == self.min)
        below = self.max is None or value < self.max or (self.max_inclusive and value == self.max)
        return above and below


class FinishDuty(_Part):
    """A subject may finish a lasting breach: `closes` maps the open fact's code to the closing one."""

    action: Literal["finish_duty"]
    closes: dict[str, str]
    cost: int = Field(ge=0)
    legal_basis: list[str] = Field(min_length=1)


class Earn(_Part):
    """A subject may earn a favourable fact of `code`."""

    action: Literal["earn"]
    code: str
    cost: int = Field(ge=0)
    legal_basis: list[str] = Field(min_length=1)


PathAction = Annotated[FinishDuty | Earn, Field(discriminator="action")]


class Scorecard(Policy):
    """A grading scheme as data. Bands are listed best first and cover every reachable score exactly once."""

    name: Text
    kinds: list[str] = Field(min_length=1)
    direction: Literal["higher_better", "higher_worse"]
    base: Decimal
    bounds: Bounds
    decimals: int = Field(ge=0, le=4)
    readings: dict[str, str]
    rules: list[PointRule] = Field(min_length=1)
    vetoes: list[VetoRule] = Field(default=[])
    bands: list[Band] = Field(min_length=2)
    paths: list[PathAction] = Field(default=[])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ids = [rule.id for rule in self.rules] + [veto.id for veto in self.vetoes]
        if len(set(ids)) != len(ids):
            raise ValueError("rule ids must differ")
        if len(set(self.grades)) != len(self.bands):
            raise ValueError("grades must differ")
        for veto in self.vetoes:
            if veto.grade not in self.grades:
                raise ValueError(f"veto {veto.id} names an unknown grade")
        self._check_bands()
        return self

    def _check_bands(self) -> None:
        """Probe every edge and its neighbours on the score's own grid: exactly one band must hold each."""
        quantum = self.quantum
        edges = {self.base, *(e for band in self.bands for e in (band.min, band.max) if e is not None)}
        edges |= {e for e in (self.bounds.min, self.bounds.max) if e is not None}
        for edge in edges:
            for value in (edge - quantum, edge, edge + quantum):
                if self.clamp(value) == value and sum(band.holds(value) for band in self.bands) != 1:
                    raise ValueError(f"bands do not cover the score {value} exactly once")

    @property
    def quantum(self) -> Decimal:
        """The smallest step of a score."""
        return Decimal(1).scaleb(-self.decimals)

    def clamp(self, value: Decimal) -> Decimal:
        """`value` inside the bounds."""
        if self.bounds.min is not None and value < self.bounds.min:
            return self.bounds.min
        if self.bounds.max is not None and value > self.bounds.max:
            return self.bounds.max
        return value

    @cached_property
    def grades(self) -> tuple[str, ...]:
        """All grades, best first."""
        return tuple(band.grade for band in self.bands)

    @cached_property
    def tier_of(self) -> dict[str, str]:
        """The supervision tier of each grade."""
        return {band.grade: band.tier for band in self.bands}

    @cached_property
    def by_code(self) -> dict[str, tuple[PointRule | VetoRule, ...]]:
        """The rules and vetoes that look at each fact code."""
        found: dict[str, tuple[PointRule | VetoRule, ...]] = {}
        rules: list[PointRule | VetoRule] = [*self.rules, *self.vetoes]
        for rule in rules:
            for code in rule.codes:
                found[code] = (*found.get(code, ()), rule)
        return found

    def grade_of(self, value: Decimal) -> str:
        """The grade of a score inside the bounds."""
        return next(band.grade for band in self.bands if band.holds(value))

    def rank(self, grade: str) -> int:
        """0 for the best grade, rising as grades get worse."""
        return self.grades.index(grade)
