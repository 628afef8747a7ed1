"""How long a fact counts."""

from datetime import date, timedelta
from typing import Literal, Self

from common.calendar import DateOutOfRange, add_months
from pydantic import Field, model_validator

from .format import CardError, Codes, Part
from .readings import Readings

__all__ = ["Window"]

_DAY = timedelta(days=1)


class Window(Part):
    """How long a fact counts: for a time, to the end of a calendar period, until a closing fact, or for ever.

    Of several ends the first one decides (but see the reading `cooling_off`). With `match` a closing fact
    ends only those with the same value in that payload field. An empty window is the card's own: to the end
    of the period that is evaluated, else for ever. The card's reset ends all but those that say `past_reset`.
    """

    days: int | None = Field(default=None, ge=1, le=36_600)
    months: int | None = Field(default=None, ge=1, le=1200)
    years: int | None = Field(default=None, ge=1, le=100)
    end_of: Literal["month", "quarter", "year", "period"] | None = None
    until: Codes = Field(default=[])
    match: str | None = None
    forever: bool = False
    past_reset: bool = False

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        lengths = [n for n in (self.days, self.months, self.years) if n is not None]
        if len(lengths) > 1:
            raise CardError(
                "窗口的 days、months、years 只能写一个", "a window takes one of days, months, years"
            )
        if self.forever and (lengths or self.until or self.end_of):
            raise CardError(
                "forever 不能与其他窗口字段同时使用", "forever stands alone in a window, without any end"
            )
        if self.match and not self.until:
            raise CardError("match 只能与 until 同时使用", "match needs until")
        return self

    @property
    def empty(self) -> bool:
        """Whether the card's own window applies."""
        return not (self.forever or self.until or self.end_of or self.length)

    @property
    def length(self) -> bool:
        """Whether it lasts for a time."""
        return self.days is not None or self.months is not None or self.years is not None

    def over_after(self, first: date, readings: Readings) -> date | None:
        """The last day inside the time that begins with `first`; None where no time is set.

        `first` itself is not counted, so the corresponding day is the last one inside (Civil Code, Articles
        201 and 202); a card may read it as the day before.
        """
        try:
            if self.days is not None:
                end = first + timedelta(days=self.days)
            elif self.months is not None or self.years is not None:
                end = add_months(first, self.months or 12 * (self.years or 0))
            else:
                return None
        except (OverflowError, DateOutOfRange):
            return date.max
        return end - _DAY if readings.period.startswith("day_before") else end
