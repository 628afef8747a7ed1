"""Rules that give points, what limits them, and the dimensions they belong to."""

from decimal import Decimal
from typing import Literal, Self

from common.problems import Text
from pydantic import Field, model_validator

from .format import Basis, CardError, Codes, FactFilter, FactQuestion, Identifier, Number, Part, Wording
from .periods import Calendar
from .windows import Window

__all__ = ["Bounds", "Case", "Dimension", "Group", "PerUnit", "PointRule"]


class Bounds(Part):
    """The score is clamped to these; a side left out is open."""

    min: Number | None = None
    max: Number | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise CardError("min 大于 max", "min is above max")
        return self

    def clamp(self, value: Decimal) -> Decimal:
        """`value` inside the bounds."""
        if self.min is not None and value < self.min:
            return self.min
        return self.max if self.max is not None and value > self.max else value


class PerUnit(Part):
    """Points by a number in the payload: `points` for each `unit` of `field`, at most `limit` a fact."""

    field: str = Field(min_length=1)
    points: Number
    unit: Decimal = Field(default=Decimal(1), gt=0, le=10**15, decimal_places=6)
    whole_units: bool = False
    limit: Number | None = None

    @model_validator(mode="after")
    def _exact(self) -> Self:
        if not self.whole_units and (self.points / self.unit) * self.unit != self.points:
            raise CardError(
                "points ÷ unit 除不尽：请换单位或写 whole_units: true",
                "points divided by unit never ends: choose another unit or whole_units: true",
            )
        if self.limit is not None and (self.limit > 0) != (self.points > 0):
            raise CardError("limit 与 points 的正负号须相同", "limit and points must have the same sign")
        return self


class Case(Part):
    """`points` for a fact that meets `when`; without it, for every fact not met before."""

    when: FactQuestion | None = None
    points: Number


class Group(Part):
    """Rules that share one cap, or whose facts about one act give points `once_per` that act.

    Of the facts with the same value in the payload field `once_per` only the one with the most points on
    either side of zero gives any, the earliest of equal ones; facts without the field stand alone.
    """

    id: Identifier
    cap: Number | None = None
    cap_per: Calendar | None = None
    once_per: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.cap is None and self.once_per is None:
            raise CardError("分组须写 cap 或 once_per", "a group needs cap or once_per")
        if self.cap is None and self.cap_per is not None:
            raise CardError("cap_per 需要 cap", "cap_per needs cap")
        return self


class Dimension(Part):
    """A part of the score with a total of its own: summed with the others, or weighted."""

    id: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,31}$")
    name: Wording | None = None
    base: Number = Decimal(0)
    bounds: Bounds = Bounds()
    weight: Decimal | None = Field(default=None, gt=0, le=10_000, decimal_places=6)


class PointRule(Part):
    """Points for facts of `codes`, each while it counts, or once while the condition `if` holds.

    `points` are fixed, `cases` choose by the fact, `per` reckons with a number in it. The first `free` facts
    give nothing; `take` keeps only the newest fact, or the one with the most points on either side of zero;
    `cap` bounds the rule as a whole (or each calendar period).
    """

    id: Identifier
    codes: Codes = Field(default=[])
    if_: str | None = Field(default=None, alias="if")
    when: FactFilter | None = None
    points: Number | None = None
    cases: list[Case] = Field(default=[])
    per: PerUnit | None = None
    take: Literal["all", "latest", "largest"] = "all"
    free: int = Field(default=0, ge=0, le=1000)
    cap: Number | None = None
    cap_per: Calendar | None = None
    group: str | None = None
    dimension: str | None = None
    window: Window = Window()
    action: str | None = Field(default=None, min_length=1, max_length=64)
    reason: Wording = Text("", "")
    legal_basis: Basis = Field(default=[])

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.codes) == (self.if_ is not None):
            raise CardError(
                f"规则 {self.id}：codes 与 if 须写且只写一个", f"rule {self.id}: give either codes or if"
            )
        if (self.points is not None) + bool(self.cases) + (self.per is not None) != 1:
            raise CardError(
                f"规则 {self.id}：points、cases、per 须写且只写一个",
                f"rule {self.id}: give exactly one of points, cases, per",
            )
        if self.if_ is not None and self.points is None:
            raise CardError(
                f"规则 {self.id}：用 if 的规则只能写 points",
                f"rule {self.id}: a rule with if takes points only",
            )
        if self.if_ is not None and (self.when or not self.window.empty or self.free or self.take != "all"):
            raise CardError(
                f"规则 {self.id}：when、window、free、take 只用于有 codes 的规则",
                f"rule {self.id}: when, window, free and take are for rules with codes",
            )
        if any(case.when is None for case in self.cases[:-1]):
            raise CardError(
                f"规则 {self.id}：只有最后一个 case 可以不写 when",
                f"rule {self.id}: only the last case may leave out when",
            )
        if self.points == 0:
            raise CardError(
                f"规则 {self.id}：points 不能为零", f"rule {self.id}: a rule of zero points says nothing"
            )
        if self.cap is None and self.cap_per is not None:
            raise CardError(f"规则 {self.id}：cap_per 需要 cap", f"rule {self.id}: cap_per needs cap")
        self.check_cap(self.cap, f"规则 {self.id}", f"rule {self.id}")
        return self

    def check_cap(self, cap: Decimal | None, zh: str, en: str) -> None:
        """Refuse a cap on the other side of zero than the points. Raises CardError."""
        if cap is not None and any((points > 0) != (cap > 0) for points in self.possible if points != 0):
            raise CardError(
                f"{zh}：cap 与 points 的正负号须相同（扣分的上限写负数）",
                f"{en}: cap and points must have the same sign (a cap on deductions is negative)",
            )

    @property
    def possible(self) -> list[Decimal]:
        """The points one fact may give, or for `per` those of one unit."""
        if self.points is not None:
            return [self.points]
        return [self.per.points] if self.per else [case.points for case in self.cases]
