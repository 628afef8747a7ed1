"""What crosses the API about simulations."""

from typing import Annotated

from common.web import Model
from pydantic import Field, StringConstraints

from credit.runs.schemas import ResultView, RunView
from credit.subjects.rules import Kind

__all__ = [
    "ChangeView",
    "DifferenceView",
    "Figures",
    "GroupFigures",
    "Migration",
    "PartView",
    "SimulationIn",
    "SimulationView",
]

Region = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]


class SimulationIn(Model):
    """Whom to try a draft on: by default everyone whom it would grade."""

    region: Region | None = Field(default=None, description="by default the card's own region")
    kinds: Annotated[list[Kind], Field(min_length=1)] | None = None


class Migration(Model):
    """How many subjects went from one grade to another; null: not rated."""

    before: str | None
    after: str | None
    subjects: int


class Figures(Model):
    """How a population moves. `psi`: stability over grades, above 0.25 it is another population."""

    subjects: int
    changed: int
    migration: list[Migration]
    psi: float | None
    mean_shift: float | None


class GroupFigures(Figures):
    """The figures of one kind, city or size class."""

    name: str


class AllFigures(Figures):
    """The figures of everyone; `ks`: the largest distance of the distributions of scores, 0 to 1."""

    ks: float | None
    mean_before: float | None
    mean_after: float | None
    by_kind: list[GroupFigures]
    by_region: list[GroupFigures]
    by_size: list[GroupFigures]


class SimulationView(Model):
    """A simulation: how far it is, which content of the draft it tries, and its figures at the end."""

    run: RunView
    current: bool = Field(description="whether the draft still has this content")
    figures: AllFigures | None


class DifferenceView(Model):
    """A rule whose points differ; null: no fact counts under it. A veto shows 1 where it stands."""

    rule: str
    before: float | None
    after: float | None


class PartView(Model):
    """Another part of the card that makes a difference, in words; null: that card has none.

    `part`: card, eligibility, base, weight, dimension, bounds, rounding, band, tier, veto, prerequisite,
    other.
    """

    part: str
    name: str
    before: str | None
    after: str | None


class ChangeView(Model):
    """A subject that the draft would move, with the rules and other parts that make the difference."""

    result: ResultView
    rules: list[DifferenceView]
    parts: list[PartView]
    explanation: str = Field(description="rules and parts in one line")
    scorecard_before: str | None = Field(description="id and version of the card in force")
