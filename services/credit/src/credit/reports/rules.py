"""Years as instants and days, units below a region, and how deadlines are counted. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from common.clock import CHINA, china_date

__all__ = ["Duty", "Kept", "Measure", "Span", "measured", "span_of", "unit_prefix"]


@dataclass(frozen=True, slots=True)
class Span:
    """A Chinese year as far as it is known: instants from `begin` to before `end`, days up to `last`."""

    first: date
    last: date
    begin: datetime
    end: datetime


def span_of(year: int, known_at: datetime) -> Span:
    """The part of a year that lies before a moment of knowledge; what was known at the moment counts."""
    first, after = date(year, 1, 1), date(year + 1, 1, 1)
    begin = datetime.combine(first, time(), CHINA)
    end = min(datetime.combine(after, time(), CHINA), known_at + timedelta(microseconds=1))
    last = min(after - timedelta(days=1), china_date(known_at))
    return Span(first, last, begin, max(begin, end))


def unit_prefix(region: str) -> int:
    """How many digits tell apart the units below a region: the cities of a province, else the counties."""
    return 4 if region.endswith("0000") else 6


class Duty(StrEnum):
    """What must be done by a day."""

    LISTING_REPLIED = "listing_replied"
    LISTING_DECIDED = "listing_decided"
    OBJECTION_FLAGGED = "objection_flagged"
    OBJECTION_DECIDED = "objection_decided"
    OBJECTION_REMEDIED = "objection_remedied"
    REPAIR_ACCEPTED = "repair_accepted"
    REPAIR_VERIFIED = "repair_verified"
    REPAIR_DECIDED = "repair_decided"
    HONOUR_REVIEWED = "honour_reviewed"
    HONOUR_DECIDED = "honour_decided"
    HONOUR_REVOCATION_DECIDED = "honour_revocation_decided"
    WARNING_ACKNOWLEDGED = "warning_acknowledged"
    WARNING_RESOLVED = "warning_resolved"
    INSPECTION_PUBLISHED = "inspection_published"
    HAZARD_CLOSED = "hazard_closed"


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing that was due in one region, and the day on which it was done if it was."""

    duty: Duty
    region: str
    due_on: date
    done_on: date | None


@dataclass(frozen=True, slots=True)
class Kept:
    """How one duty was kept: due, done by the day, done later, and overdue on the last day counted."""

    due: int
    on_time: int
    late: int
    overdue: int

    @property
    def rate_bp(self) -> int | None:
        """Done in time of all that was due, in basis points, rounded down; None when nothing was due."""
        return self.on_time * 10_000 // self.due if self.due else None


def measured(measures: Iterable[Measure], span: Span) -> dict[tuple[str, Duty], Kept]:
    """By region and duty, what fell due within the span. What was done after its end is not done yet."""
    counts: dict[tuple[str, Duty], list[int]] = {}
    for one in measures:
        if not span.first <= one.due_on <= span.last:
            continue
        row = counts.setdefault((one.region, one.duty), [0, 0, 0, 0])
        done = one.done_on if one.done_on is not None and one.done_on <= span.last else None
        row[0] += 1
        if done is None:
            # On its last day a duty can still be kept.
            row[3] += one.due_on < span.last
        elif done <= one.due_on:
            row[1] += 1
        else:
            row[2] += 1
    return {key: Kept(*row) for key, row in counts.items()}
