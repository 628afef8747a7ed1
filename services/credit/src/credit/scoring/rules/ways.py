"""What a subject may do to rise: duties it can finish, favourable facts it can earn, repairs to ask for."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from .format import Basis, Codes, Part
from .windows import Window

__all__ = ["Earn", "FinishDuty", "PathAction", "Repair"]


class FinishDuty(Part):
    """A subject may finish a lasting breach: `closes` maps the open fact's code to the closing one."""

    action: Literal["finish_duty"]
    closes: dict[str, str]
    cost: int = Field(ge=0)
    legal_basis: Basis = Field(default=[])


class Earn(Part):
    """A subject may earn a favourable fact of `code`, with this `payload` where a rule asks for one."""

    action: Literal["earn"]
    code: str
    payload: dict[str, Any] = Field(default={})
    cost: int = Field(ge=0)
    legal_basis: Basis = Field(default=[])


class RepairClock(Part):
    """For facts on or after `facts_from`, a repair may be asked for once so many whole months are over."""

    months: int = Field(ge=0, le=1200)
    facts_from: date = date.min


class Bar(Part):
    """While a fact of `codes` counts in `window`, no repair is granted: a statutory ban still runs."""

    codes: Codes = Field(min_length=1)
    window: Window


class Repair(Part):
    """A subject may ask for repair: `closes` maps the adverse fact's code to the one that a repair records.

    A repair that records `REPAIRED` names the very fact, so no window has to wait for it. The clock with the
    latest `facts_from` applies. `gap_months` must be over since the last repair; nothing
    is repaired while one of `barred_by` runs.
    """

    action: Literal["repair"]
    closes: dict[str, str] = Field(min_length=1)
    after: list[RepairClock] = Field(min_length=1)
    gap_months: int | None = Field(default=None, ge=1, le=1200)
    barred_by: list[Bar] = Field(default=[])
    cost: int = Field(ge=0)
    legal_basis: Basis = Field(default=[])

    def months_for(self, day: date) -> int | None:
        """How many months must be over for a fact of `day`; None where no clock covers it."""
        clocks = [clock for clock in self.after if clock.facts_from <= day]
        return max(clocks, key=lambda clock: clock.facts_from).months if clocks else None


PathAction = Annotated[FinishDuty | Earn | Repair, Field(discriminator="action")]
