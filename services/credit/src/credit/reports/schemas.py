"""What crosses the API about reports."""

from datetime import date, datetime

from common.web import Model

__all__ = ["Line", "Scorecard", "ScorecardRow", "YearlyReport"]


class Line(Model):
    """One number: its section, what is counted by which marks, this year's value and the year before's."""

    section: str
    item: str
    mark: str
    value: int
    before: int


class YearlyReport(Model):
    """A region's year. The same year, region and moment of knowledge give the same bytes and the same hash.

    `precision_bp`: of the warnings of each rule that were judged, how many were confirmed, in basis points.
    """

    region: str
    region_name: str
    year: int
    last_day: date
    known_at: datetime
    lines: list[Line]
    precision_bp: dict[str, int | None]
    sha256: str


class ScorecardRow(Model):
    """How one unit kept one duty; `rate_bp` is what was done in time of all that was due."""

    region: str
    region_name: str
    duty: str
    due: int
    on_time: int
    late: int
    overdue: int
    rate_bp: int | None


class Scorecard(Model):
    """The units below a region, and how each kept its deadlines within a year."""

    region: str
    region_name: str
    year: int
    last_day: date
    known_at: datetime
    rows: list[ScorecardRow]
    sha256: str
