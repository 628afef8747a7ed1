"""What supervision policies may say: measures of a tier, restrictions of a listing, the risk matrix."""

from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, Self

from common.calendar import add_months
from common.policies import Policy, PolicyStatus
from common.problems import Text
from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = [
    "Act",
    "Lasts",
    "Measure",
    "NamedTier",
    "Publicity",
    "Raise",
    "Restriction",
    "RiskMatrix",
    "SupervisionPolicy",
    "TierMeasures",
]

Act = Literal[
    "hold_post",
    "guide_card",
    "agency_business",
    "outbound",
    "venue",
    "net_premises",
    "award",
    "commitment",
    "change_name",
    "public_funds",
]
"""What somebody wants to do when a licensing office asks: see the guide for each in words."""


Publicity = Literal["none", "grade", "grade_and_warning"]
"""What the public page shows: nothing, the grade, or the grade with the policy's risk notice."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Measure(_Part):
    """One supervision measure. `status` says how sure we are of this item; none: as the policy's."""

    code: str
    name: Text
    legal_basis: list[str] = Field(min_length=1)
    status: PolicyStatus | None = None


class TierMeasures(_Part):
    """How subjects of a tier are supervised; the sampling ratio in basis points."""

    sampling_bp: int = Field(ge=1, le=10_000)
    routine_checks_per_year: int = Field(ge=0, le=366)
    publicity: Publicity = "none"
    measures: list[Measure]


class NamedTier(TierMeasures):
    """The measures of a named tier."""

    tier: str


class Raise(_Part):
    """How a restriction raises the ratio and frequency of checks: by so many tiers, to `at_least` a tier."""

    steps: int = Field(default=1, ge=1, le=10)
    at_least: str | None = None


class SupervisionPolicy(Policy):
    """Tier to measures, from the lightest tier to the strictest; a card may say otherwise: see `figures`.

    `risk_notice` are the words shown beside a grade where publicity is `grade_and_warning`.
    """

    risk_notice: Text
    tiers: list[NamedTier] = Field(min_length=1)
    unrated: TierMeasures

    @model_validator(mode="after")
    def _from_light_to_strict(self) -> Self:
        figures = [(one.sampling_bp, one.routine_checks_per_year) for one in self.tiers]
        if any(a > c or b > d for (a, b), (c, d) in pairwise(figures)):
            raise ValueError("tiers stand from the lightest to the strictest")
        if len({one.tier for one in self.tiers}) != len(self.tiers):
            raise ValueError("a tier stands twice")
        return self

    def of(self, tier: str | None) -> TierMeasures:
        """The measures of a tier; those of unrated subjects for None and for a tier nobody described."""
        return next((named for named in self.tiers if named.tier == tier), self.unrated)

    def place(self, tier: str | None) -> int:
        """How strict a tier is; who has none stands with the strictest tier that checks no more than his."""
        names = [named.tier for named in self.tiers]
        if tier in names:
            return names.index(tier)
        return sum(named.sampling_bp <= self.unrated.sampling_bp for named in self.tiers) - 1

    def raised(self, tier: str | None, by: Raise) -> str | None:
        """The tier that a restriction raises `tier` to; the strictest stays."""
        names = [named.tier for named in self.tiers]
        held = self.place(tier)
        place = min(held + by.steps, len(names) - 1)
        if by.at_least in names:
            place = max(place, names.index(by.at_least))
        return names[place] if place > held else tier


class _Cell(_Part):
    credit: str
    risk: Literal["A", "B", "C", "D"]
    tier: str


class RiskMatrix(Policy):
    """Credit tier x risk class of the market regulator -> supervision tier.

    The risk class is a forecast of another authority. It never enters score or grade; where a region has a
    matrix, it moves the tier by which one is supervised, and the answer names both.
    """

    cells: list[_Cell] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_pair_once(self) -> Self:
        pairs = [(cell.credit, cell.risk) for cell in self.cells]
        if len(set(pairs)) != len(pairs):
            raise ValueError("a pair of tier and risk class stands twice")
        wanted = {(cell.credit, risk) for cell in self.cells for risk in "ABCD"}
        if missing := wanted - set(pairs):
            raise ValueError(f"cells are missing: {sorted(missing)}")
        return self

    @cached_property
    def by_pair(self) -> dict[tuple[str, str], str]:
        """The supervision tier of each pair."""
        return {(cell.credit, cell.risk): cell.tier for cell in self.cells}


class Lasts(_Part):
    """How long a restriction lasts: with the listing, for life, or so many months from the penalty date.

    With the listing, `months` is the listing's period where the listing itself states no last day. `status`
    says how sure we are of the time, where that is less than of the measure itself.
    """

    with_listing: bool = False
    life: bool = False
    months: int | None = Field(default=None, ge=1, le=1200)
    runs_from: Literal["penalty", "fact"] = "penalty"
    status: PolicyStatus | None = None

    @model_validator(mode="after")
    def _one_of_three(self) -> Self:
        if self.life == (self.months is not None) or (self.life and self.with_listing):
            raise ValueError("either life or months")
        return self

    def until(self, start: date) -> date | None:
        """The last day inside, counted from `start`; None for life."""
        return None if self.months is None else add_months(start, self.months)


class Restriction(Policy):
    """A measure that follows from a list, a listing condition and a role, with an end date of its own.

    `on_list` and `conditions` say which listings bring it (no conditions: all of that list); `kinds` the
    listed entity's kinds (none: all); `roles` who bears it: `self` is whoever is listed, other roles are
    posts held at the listed entity. `facts` instead of `on_list`: standing facts of the archive bring it.
    `penalties`: only a listing that rests on a standing fact of one of these codes brings it, unless that
    fact says that no tourist was harmed; the time runs from the day of each such penalty.
    `bars` are the acts that it forbids; a measure that bars nothing is one of supervision. One that `raises`
    moves the tier by which the bearer is supervised, and so ratio, frequency and the weight in draws.
    """

    name: Text
    on_list: Literal["serious", "slight"] | None = None
    conditions: list[str] = Field(default=[])
    facts: list[str] = Field(default=[])
    penalties: list[str] = Field(default=[])
    kinds: list[str] = Field(default=[])
    roles: Annotated[list[str], Field(min_length=1)]
    lasts: Lasts
    bars: list[Act] = Field(default=[])
    raises: Raise | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.on_list is None) != bool(self.facts):
            raise ValueError("either a list or facts bring a restriction")
        if self.facts and self.lasts.with_listing:
            raise ValueError("a fact has no listing to last with")
        if self.penalties and (self.facts or self.lasts.with_listing):
            raise ValueError("a penalty stands behind a listing and has a day of its own to run from")
        return self

    @property
    def period_status(self) -> PolicyStatus:
        """How sure we are of how long it lasts."""
        return self.lasts.status or self.status
