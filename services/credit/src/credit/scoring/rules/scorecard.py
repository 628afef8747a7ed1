"""The scorecard format: what a grading scheme may say, checked when its file is loaded."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from common.policies import WHOLE_COUNTRY, Condition, Policy, PolicyError, PolicyStatus
from common.problems import Text
from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, model_validator

from credit.facts.rules import REPAIRED

from .checks import check_card
from .faults import explained
from .figures import Figure
from .format import Basis, Codes, Number, Wording, as_text
from .grades import ActionRule, Band, BandMeasures, Eligibility, Prerequisite, VetoRule
from .periods import Calendar, ExtraRuns, Reset
from .points import Bounds, Dimension, Group, PointRule
from .readings import Readings
from .ways import Earn, FinishDuty, PathAction
from .windows import Window

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

Rule = PointRule | VetoRule
_MOST = Decimal(999_999)


def _each(value: Any) -> Any:
    """One mapping or a list of them; those without an id are called by their place."""
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list):
        return value
    return [
        {"id": f"ELIGIBILITY-{place}", **one} if isinstance(one, Mapping) and place > 1 else one
        for place, one in enumerate(value, start=1)
    ]


class Scorecard(Policy):
    """A grading scheme as data. Bands cover every reachable score exactly once; `use` says what it is for.

    Only `grade` cards are the default of a kind; `risk`, `board` and `reference` cards are asked for by id.
    """

    version: Annotated[str, BeforeValidator(as_text), Field(min_length=1, max_length=40)] = "1"
    region: Annotated[str, BeforeValidator(as_text), Field(pattern=r"^[0-9]{6}$")] = WHOLE_COUNTRY
    effective_from: date = date(1900, 1, 1)
    legal_basis: Basis = Field(default=[])
    status: PolicyStatus = "sample"
    name: Wording = Text("", "")
    use: Literal["grade", "risk", "board", "reference"] = "grade"
    kinds: Codes = Field(default=[])
    direction: Literal["higher_better", "higher_worse"] = "higher_better"
    base: Number = Decimal(0)
    bounds: Bounds = Bounds()
    decimals: int = Field(default=0, ge=0, le=4)
    period: Literal["none", "month", "quarter", "year"] = "none"
    extra_runs: ExtraRuns | None = None
    reset: Reset = Reset()
    readings: Readings = Readings()
    dimensions: list[Dimension] = Field(default=[])
    groups: list[Group] = Field(default=[])
    figures: dict[str, Figure] = Field(default={})
    eligibility: Annotated[list[Eligibility], BeforeValidator(_each)] = Field(default=[])
    rules: list[PointRule] = Field(default=[])
    vetoes: list[VetoRule] = Field(default=[])
    prerequisites: list[Prerequisite] = Field(default=[])
    actions: list[ActionRule] = Field(default=[])
    bands: list[Band] = Field(min_length=1)
    paths: list[PathAction] = Field(default=[])

    _conditions: dict[str, Condition] = PrivateAttr(default={})

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self._conditions = check_card(self)
        return self

    @classmethod
    def parse(cls, content: Mapping[str, Any], *, file: str = "-") -> Self:
        """A card from its JSON content. Raises PolicyError naming `file`, the rule and the field."""
        try:
            return super().parse(content, file=file)
        except PolicyError as failure:
            if isinstance(failure.__cause__, ValidationError):
                raise PolicyError(file, explained(failure.__cause__, content, cls)) from failure
            raise

    @cached_property
    def has_conditions(self) -> bool:
        """Whether any condition over figures stands in this card."""
        return bool(self._conditions)

    def condition(self, expression: str) -> Condition:
        """The compiled form of a condition that stands in this card."""
        return self._conditions[expression]

    @property
    def calendar(self) -> Calendar | None:
        """The period that is evaluated; None for a card whose score is always the present one."""
        return None if self.period == "none" else self.period

    @cached_property
    def quantum(self) -> Decimal:
        """The smallest step of a score."""
        return Decimal(1).scaleb(-self.decimals)

    def clamp(self, value: Decimal) -> Decimal:
        """`value` inside the bounds, and always inside six digits before the point."""
        return max(-_MOST, min(_MOST, self.bounds.clamp(value)))

    @cached_property
    def ordered_bands(self) -> tuple[Band, ...]:
        """The bands best first, whichever way the file lists them."""
        low = [band.min if band.min is not None else Decimal("-Infinity") for band in self.ranged]
        rising = low == sorted(low)
        reverse = len(low) > 1 and rising == (self.direction == "higher_better")
        return tuple(reversed(self.bands)) if reverse else tuple(self.bands)

    @property
    def ranged(self) -> list[Band]:
        """The bands that points lead to."""
        return [band for band in self.bands if not band.direct]

    @cached_property
    def grades(self) -> tuple[str, ...]:
        """All grades, best first."""
        return tuple(band.grade for band in self.ordered_bands)

    @cached_property
    def tier_of(self) -> dict[str, str]:
        """The supervision tier of each grade."""
        return {band.grade: band.tier for band in self.bands}

    @cached_property
    def measures_of(self) -> dict[str, BandMeasures]:
        """What each grade's band says of supervision; an empty one where it says nothing."""
        return {band.grade: band.measures or BandMeasures() for band in self.bands}

    @cached_property
    def by_code(self) -> dict[str, tuple[Rule, ...]]:
        """The rules and vetoes that look at each fact code."""
        found: dict[str, tuple[Rule, ...]] = {}
        rules: list[Rule] = [*self.rules, *self.vetoes]
        for rule in rules:
            for code in dict.fromkeys(rule.codes):
                found[code] = (*found.get(code, ()), rule)
        return found

    @cached_property
    def conditional(self) -> tuple[tuple[PointRule, ...], tuple[VetoRule, ...]]:
        """The rules and vetoes that a condition triggers."""
        rules = tuple(rule for rule in self.rules if rule.if_ is not None)
        return rules, tuple(veto for veto in self.vetoes if veto.if_ is not None)

    @cached_property
    def codes(self) -> frozenset[str]:
        """Every fact code that can make a difference."""
        return frozenset(self._codes())

    @cached_property
    def closing_codes(self) -> tuple[str, ...]:
        """The codes of the facts that end a window."""
        rules: list[Rule | Figure] = [*self.rules, *self.vetoes, *self.figures.values()]
        return tuple(sorted({code for rule in rules for code in rule.window.until}))

    @property
    def ends_by_repair(self) -> bool:
        """Whether a fact counts no more once it is repaired."""
        return self.readings.repaired == "ends_on_the_day_of_repair"

    def _codes(self) -> Iterator[str]:
        rules: list[Rule | Figure] = [*self.rules, *self.vetoes, *self.figures.values()]
        for rule in rules:
            yield from rule.codes
            yield from rule.window.until
        yield from self.reset.on
        if self.extra_runs:
            yield from self.extra_runs.codes
        if self.ends_by_repair:
            yield REPAIRED

    @cached_property
    def is_plain(self) -> bool:
        """Whether a set-based reckoning can do it by itself.

        So it is where the score is base plus capped sums of fixed points, each fact counts for months or to a
        closing fact (or for ever), and no reading differs from the usual. A rule whose closing fact must
        match a field has no cap there.
        """
        rules: list[Rule] = [*self.rules, *self.vetoes]
        plain_windows = all(
            not (rule.window.days or rule.window.years or rule.window.end_of) for rule in rules
        )
        plain_rules = all(
            rule.codes
            and rule.points is not None
            and rule.when is None
            and rule.take == "all"
            and not (rule.free or rule.cap_per or rule.group)
            and not (rule.cap is not None and rule.window.match)
            for rule in self.rules
        )
        plain_vetoes = all(v.codes and v.when is None and v.effect == "at_best" for v in self.vetoes)
        others = (self.calendar, self.dimensions, self.eligibility, self.prerequisites, self.reset.on)
        return (
            plain_windows
            and plain_rules
            and plain_vetoes
            and not any(others)
            and self.reset.every is None
            and self.readings == Readings()
        )

    def basis_of(self, own: list[str]) -> list[str]:
        """The articles of a rule: its own, else those of the card."""
        return own or list(self.legal_basis)

    def grade_of(self, value: Decimal) -> str:
        """The grade of a score inside the bounds."""
        return next(band.grade for band in self.bands if band.holds(value))

    def grade_below(self, grade: str) -> str:
        """The next worse grade that points can reach, else the worst of all."""
        below = [band.grade for band in self.ordered_bands[self.rank(grade) + 1 :] if not band.direct]
        return below[0] if below else self.grades[-1]

    def rank(self, grade: str) -> int:
        """0 for the best grade, rising as grades get worse."""
        return self.grades.index(grade)
